"""Refusals of the contracts register, one class a problem code."""

from __future__ import annotations

from shared.errors import Conflict, Invalid, NotFound


class ContractNotFound(NotFound):
    code = "contract_not_found"
    title = "The register holds no such contract"


class ContractExists(Conflict):
    code = "contract_exists"
    title = "The register holds a contract of this reference"


class ContractInvalid(Invalid):
    code = "contract_invalid"
    title = "What the contract says does not go together"


class ContractMovedOn(Conflict):
    code = "contract_moved_on"
    title = "The contract has a newer version"


class VersionRefused(Conflict):
    code = "version_refused"
    title = "The version does not follow from the contract as it is"


class PrefixFixed(Conflict):
    code = "ocds_prefix_fixed"
    title = "The Open Contracting prefix is set and stays"


class PrefixTaken(Conflict):
    code = "ocds_prefix_taken"
    title = "Another publisher has this Open Contracting prefix"


class NoPrefix(Conflict):
    code = "no_ocds_prefix"
    title = "The publisher has no Open Contracting prefix"


class NothingToExport(NotFound):
    code = "no_contracts"
    title = "The register of this publisher is empty"


class AwardUnresolved(Conflict):
    code = "award_unresolved"
    title = "A contract of the export names an award that is not in it"


class BadLayout(Invalid):
    code = "bad_contract_profile"
    title = "The profile cannot read contracts"


class ProfileNotFound(NotFound):
    code = "contract_profile_not_found"
    title = "The publisher has no such profile"


class UnreadableContracts(Invalid):
    code = "unreadable_contracts"
    title = "The file cannot be read as contracts"


class ImportRefused(Invalid):
    code = "contract_import_refused"
    title = "The file is refused whole"


class ByQuarter(Invalid):
    code = "contracts_by_quarter"
    title = "Contracts are published by quarter"
