"""What a contract may say and which version may follow: pure rules."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.transparency.contracts.rules import (
    CONTRACT_TYPES,
    KINDS,
    PROCESSES,
    STATUSES,
    VCSE_TYPES,
    behind_its_days,
    contradictions,
    following,
    has_company_number_form,
    is_over,
    number_suspect,
    overspent,
)
from services.transparency.editions.cells import profile
from tests.transparency.contracts.steps import statement

NOW = datetime(2018, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("03675577", True),
        ("SC123456", True),
        ("IP000CUS", True),
        ("3675577", False),
        ("9.99E+07", False),
        ("sc123456", False),
        ("036755770", False),
        ("٠٣٦٧٥٥٧٧", False),
    ],
)
def test_a_company_number_is_eight_capitals_or_digits_and_is_never_padded(text: str, passes: bool) -> None:
    """T-29, worked example 8."""
    assert has_company_number_form(text) is passes
    noted = number_suspect(text)
    assert (noted is None) is passes
    if noted:
        assert (noted.code, noted.field) == ("company_number_suspect", "company_number")
        assert text not in noted.detail
        assert "not eight capital letters or digits" in noted.detail


def test_no_number_is_no_finding() -> None:
    """T-29: a university or a partnership has none."""
    assert number_suspect(None) is None


def test_every_contradiction_is_said_at_once_at_its_field() -> None:
    """T-27, T-28: dates, VAT, size, VCSE type and registration number."""
    said = statement(
        signed_at=datetime(2018, 6, 2, tzinfo=UTC),
        start_date=date(2018, 5, 1),
        end_date=date(2018, 4, 1),
        review_date=date(2018, 4, 1),
        last_extension_date=date(2018, 3, 1),
        value_pence=100,
        irrecoverable_vat_pence=101,
        supplier_staff=250,
        sme=True,
        vcse=True,
        status="expired",
    )
    assert [(fault.code, fault.field) for fault in contradictions(said, NOW)] == [
        ("signed_in_future", "signed_at"),
        ("ends_before_start", "end_date"),
        ("review_before_start", "review_date"),
        ("extension_before_end", "last_extension_date"),
        ("vat_over_value", "irrecoverable_vat_pence"),
        ("size_contradicts_staff", "sme"),
        ("vcse_type_missing", "vcse_type"),
        ("status_not_allowed", "status"),
    ]
    assert "2018-04-01 is before the start 2018-05-01" in contradictions(said, NOW)[1].detail


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"irrecoverable_vat_pence": None}, "vat_missing"),
        ({"amount_basis": "gross"}, "vat_of_gross"),
        ({"value_pence": -1}, "value_below_zero"),
        ({"vcse_type": "Other"}, "vcse_type_without_vcse"),
        ({"vcse": True, "vcse_type": "Charity or Charitable Incorporated Organisation"}, "charity_number_missing"),
        ({"vcse": True, "vcse_type": "Community Interest Company"}, "company_number_missing"),
        ({"kind": "termination"}, "status_not_allowed"),
    ],
)
def test_each_contradiction_has_its_code(more: dict[str, object], code: str) -> None:
    """T-27, T-28: VCSE needs its type, and its number where registered."""
    assert [fault.code for fault in contradictions(statement(**more), NOW)] == [code]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"value_pence": 0},
        {"irrecoverable_vat_pence": 1_234_000},
        {"amount_basis": "gross", "irrecoverable_vat_pence": None},
        {"supplier_staff": 249, "sme": True},
        {"vcse": True, "vcse_type": "Not known"},
        {"end_date": date(2017, 5, 1), "last_extension_date": date(2017, 5, 1), "review_date": date(2017, 5, 1)},
    ],
)
def test_what_goes_together_passes(more: dict[str, object]) -> None:
    """T-27, T-28: the limits themselves are fine."""
    assert contradictions(statement(**more), NOW) == []


@pytest.mark.parametrize(
    ("before", "kind", "after", "code"),
    [
        ("pending", "variation", "active", None),
        ("active", "extension", "active", None),
        ("active", "termination", "expired", None),
        ("active", "termination", "terminated", None),
        ("pending", "termination", "cancelled", None),
        ("active", "variation", "pending", "status_not_allowed"),
        ("active", "variation", "terminated", "status_not_allowed"),
        ("pending", "termination", "expired", "status_not_allowed"),
        ("terminated", "extension", "active", "contract_ended"),
        ("terminated", "correction", "terminated", None),
        ("active", "correction", "expired", "status_not_allowed"),
    ],
)
def test_a_contract_moves_forward_by_new_versions_only(before: str, kind: str, after: str, code: str | None) -> None:
    """T-28: pending, active, then expired, terminated or cancelled."""
    later = statement(kind=kind, status=after, signed_at=datetime(2017, 5, 1, tzinfo=UTC))
    found = following(later, [statement(status=before)])
    assert [fault.code for fault in found] == ([code] if code else [])


def test_a_wrongly_recorded_end_can_be_corrected() -> None:
    """T-28: a correction may go back to a status that stood before."""
    ended = statement(kind="termination", status="terminated", signed_at=datetime(2017, 5, 1, tzinfo=UTC))
    back = statement(kind="correction", status="active", signed_at=datetime(2017, 6, 1, tzinfo=UTC))
    assert following(back, [statement(), ended]) == []


def test_a_version_is_signed_after_the_one_before() -> None:
    """T-28: the text names both times."""
    (fault,) = following(statement(kind="variation"), [statement()])
    assert (fault.code, fault.field) == ("signed_out_of_order", "signed_at")
    assert fault.detail.startswith("Signed at 2017-04-12T09:30:00Z, which is not later than version 1")


def test_spend_above_the_value_is_a_finding_and_a_yearly_value_counts_for_each_year_begun() -> None:
    """T-27, T-28."""
    total = statement(value_pence=100_000)
    assert overspent(total, 100_000, date(2019, 1, 1)) is None
    noted = overspent(total, 100_001, date(2019, 1, 1))
    assert noted is not None
    assert noted.code == "spend_exceeds_value"
    assert "£1,000.01 name this contract, £0.01 more than the value of £1,000.00" in noted.detail
    yearly = statement(value_pence=100_000, value_basis="annual", start_date=date(2017, 5, 1))
    assert overspent(yearly, 200_000, date(2018, 5, 1)) is None
    noted = overspent(yearly, 200_000, date(2018, 4, 30))
    assert noted is not None
    assert overspent(yearly, 200_001, date(2018, 5, 1)) is not None


def test_a_status_that_the_days_have_overtaken_is_a_finding() -> None:
    """T-28: nothing moves by itself; a person enters the version that says so."""
    pending = statement(status="pending", start_date=date(2018, 4, 1))
    assert behind_its_days(pending, date(2018, 3, 31)) is None
    noted = behind_its_days(pending, date(2018, 4, 1))
    assert noted is not None
    assert (noted.code, noted.field) == ("pending_after_start", "status")
    active = statement(end_date=date(2018, 4, 30))
    assert behind_its_days(active, date(2018, 4, 30)) is None
    noted = behind_its_days(active, date(2018, 5, 1))
    assert noted is not None
    assert noted.detail.startswith("The contract is active and ended on 2018-04-30;")
    assert behind_its_days(statement(), date(2030, 1, 1)) is None


def test_a_threshold_is_strictly_exceeded_and_without_one_every_contract_counts() -> None:
    """T-26: the memorandum states no value; the Code's test is over 5,000."""
    assert is_over(statement(value_pence=0), None)
    assert not is_over(statement(value_pence=500_000), 500_000)
    assert is_over(statement(value_pence=500_001), 500_000)


def test_the_words_are_those_of_the_published_columns() -> None:
    """Domain section 5: what the register takes is what the column profile allows."""
    enums = {column["header"]: tuple((column["constraint"] or {}).get("enum", ())) for column in profile("contracts")}
    assert enums["ContractType"] == CONTRACT_TYPES
    assert enums["ProcessType"] == PROCESSES
    assert enums["VCSESupplierType"] == VCSE_TYPES
    assert enums["VersionKind"] == KINDS
    assert enums["Status"] == STATUSES
