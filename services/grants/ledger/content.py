"""What a person says of a line, and the row of the ledger that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.grants.expenditure.cells import clean_text, folded, plain_text
from services.grants.expenditure.names import NAME_IN_KEY, NAME_IN_TEXT, WITHHELD, flags_naming
from services.grants.expenditure.parties import PUBLIC_KINDS, key_of
from services.grants.expenditure.tables import LedgerEntry
from services.grants.ledger.rules import AgreementFacts, Line, Posted
from services.grants.ledger.values import Amounts, Cost
from services.grants.use_rules.rules import RuleBook, UseFacts
from shared.texts import seen

TEXTS = ("ledger_class", "unit", "category", "purpose", "contract_ref", "decision_ref", "use_exception")
NAME_FLAGS = frozenset({NAME_IN_TEXT, *WITHHELD.values()})


@dataclass(frozen=True)
class Payee:
    """Who was paid. `key` is opaque; it is made of the number or the name where it is not given."""

    kind: str
    name: str | None = None
    number: str | None = None
    key: str | None = None
    company_number: str | None = None
    charity_number: str | None = None
    vcse: bool | None = None


@dataclass(frozen=True)
class Content:
    """Everything about a line but where it belongs: texts as a person wrote them, amounts in pence."""

    kind: str
    payee: Payee
    amounts: Amounts | Cost
    payment_date: date
    service_date: date | None = None
    invoice_date: date | None = None
    date_basis: str = "payment"
    card: str = "none"
    ledger_class: str | None = None
    unit: str | None = None
    category: str | None = None
    purpose: str | None = None
    contract_ref: str | None = None
    decision_ref: str | None = None
    use_codes: tuple[str, ...] | None = None
    use_exception: str | None = None
    beneficiary_gss: str | None = None
    credit_of: str | None = None
    source_redacted: bool = False
    flags: tuple[str, ...] = ()

    def use(self, agreement: AgreementFacts | None, line_code: str | None) -> UseFacts:
        """What the rules of use are asked about. Names of private payees are no part of it."""
        name = self.payee.name if self.payee.kind in PUBLIC_KINDS else None
        return UseFacts(
            codes=None if self.use_codes is None else frozenset(self.use_codes),
            exception=self.use_exception,
            texts=tuple(text for text in (self.purpose, self.category, self.unit, name) if text),
            line_code=line_code,
            line_kind=agreement.lines.get(line_code or "") if agreement else None,
            agreement_id=str(agreement.agreement_id) if agreement else None,
        )

    def line(self, agreement: AgreementFacts | None, line_code: str | None, quarter: str | None) -> Line:
        return Line(
            kind=self.kind,
            amounts=self.amounts,
            payment_date=self.payment_date,
            service_date=self.service_date,
            agreement=agreement,
            line_code=line_code,
            quarter=quarter,
            use=self.use(agreement, line_code),
            codes=self.use_codes,
            beneficiary_gss=self.beneficiary_gss,
        )

    def declared_in(self, book: RuleBook) -> Content:
        """Its codes as the rules write them, where they know them."""
        if self.use_codes is None:
            return self
        known = {code: book.denial_of.get(folded(code)) for code in self.use_codes}
        return replace(self, use_codes=tuple(rule.code if rule else code for code, rule in known.items()))

    def cleaned(self) -> Content:
        """Its texts as every other way in stores them: in one line, without control characters."""
        names = ("name", "number", "company_number", "charity_number")
        texts: dict[str, Any] = {name: cleaned(getattr(self.payee, name)) for name in names}
        payee = replace(self.payee, **texts)
        own: dict[str, Any] = {name: cleaned(getattr(self, name)) for name in TEXTS}
        own |= {name: seen(own[name]) for name in ("ledger_class", "use_exception") if own[name]}
        return replace(self, payee=payee, **own)


@dataclass(frozen=True)
class Place:
    """Where a line stands: whose ledger, which source, batch and item, and under which key."""

    organisation_id: UUID
    source: str
    batch_id: UUID
    record: int
    line_key: str
    item_id: str
    line_no: int
    recorded_at: datetime
    line: int | None = None


def row_of(
    content: Content,
    place: Place,
    posted: Posted,
    *,
    entry_id: UUID,
    fingerprint: UUID,
    agreement_id: UUID | None,
    line_code: str | None,
    **links: Any,
) -> LedgerEntry:
    """The ledger's row. `links`: reverses, replaces, reason, and a decision_ref of its own."""
    payee, cost = content.payee, posted.cost
    flags = {flag for flag in content.flags if flag not in ("gross_used", "party_missing", NAME_IN_KEY)}
    flags.update(flags_naming(payee.kind, payee.name, {name: getattr(content, name) for name in WITHHELD}))
    flags.update(["gross_used"] if cost.amount_basis == "gross" else [])
    flags.update([] if payee.name else ["party_missing"])
    if payee.kind in PUBLIC_KINDS:
        flags -= NAME_FLAGS
    own = {name: getattr(content, name) for name in (*TEXTS, "kind", "card", "date_basis", "beneficiary_gss")}
    return LedgerEntry(
        **{
            **own,
            **{field.name: getattr(place, field.name) for field in fields(Place)},
            **{name: getattr(content, name) for name in ("payment_date", "service_date", "invoice_date")},
            **{field.name: getattr(cost, field.name) for field in fields(cost)},
            "entry_id": entry_id,
            "fingerprint": fingerprint,
            "party_key": payee.key or _key_of(content, place.source),
            "party_kind": payee.kind,
            "party_name": payee.name,
            "company_number": payee.company_number,
            "charity_number": payee.charity_number,
            "vcse": payee.vcse,
            "agreement_id": agreement_id,
            "line_code": line_code,
            "accounting_quarter": posted.placed.quarter,
            "late_for": posted.placed.late_for,
            "use_codes": None if content.use_codes is None else sorted(set(content.use_codes)),
            "credit_of": content.credit_of,
            "source_redacted": content.source_redacted,
            "flags": sorted(flags),
            **links,
        }
    )


def content_of(entry: LedgerEntry) -> Content:
    """What an entry says, to be said anew with changes."""
    return Content(
        **{
            name: getattr(entry, name)
            for name in (
                *TEXTS, "kind", "card", "date_basis", "payment_date", "service_date", "invoice_date",
                "beneficiary_gss", "credit_of", "source_redacted",
            )
        },
        payee=Payee(
            kind=entry.party_kind,
            name=entry.party_name,
            key=entry.party_key,
            company_number=entry.company_number,
            charity_number=entry.charity_number,
            vcse=entry.vcse,
        ),
        amounts=Cost(**{field.name: getattr(entry, field.name) for field in fields(Cost)}),
        use_codes=None if entry.use_codes is None else tuple(entry.use_codes),
        flags=tuple(entry.flags),
    )  # fmt: skip


def content_of_held(kept: dict[str, Any]) -> Content:
    """What a held line says, from the JSON it is kept in."""
    codes = kept.get("use_codes")
    cost: dict[str, Any] = {field.name: kept.get(field.name) for field in fields(Cost)}
    return Content(
        kind=kept["kind"],
        payee=Payee(
            kind=kept["party_kind"],
            name=kept.get("party_name"),
            key=kept.get("party_key"),
            company_number=kept.get("company_number"),
            charity_number=kept.get("charity_number"),
            vcse=kept.get("vcse"),
        ),
        amounts=Cost(**cost),
        payment_date=date.fromisoformat(kept["payment_date"]),
        service_date=_day(kept.get("service_date")),
        invoice_date=_day(kept.get("invoice_date")),
        use_codes=None if codes is None else tuple(codes),
        use_exception=kept.get("use_exception"),
        source_redacted=bool(kept.get("source_redacted")),
        flags=tuple(kept.get("flags") or ()),
        **{
            name: kept.get(name)
            for name in (
                "ledger_class", "unit", "category", "purpose", "contract_ref", "decision_ref", "beneficiary_gss",
                "credit_of",
            )
        },
        card=kept["card"],
        date_basis=kept["date_basis"],
    )  # fmt: skip


def negated(entry: LedgerEntry, place: Place, *, entry_id: UUID, fingerprint: UUID, **links: Any) -> LedgerEntry:
    """The exact negation of an entry, to the penny of each of its amounts."""
    own = {name: getattr(entry, name) for name in LedgerEntry.model_fields}
    amounts = {
        name: None if (pence := getattr(entry, name)) is None else -pence
        for name in (
            "net_pence",
            "vat_pence",
            "recoverable_vat_pence",
            "irrecoverable_vat_pence",
            "eligible_pence",
        )
    }
    return LedgerEntry(
        **{
            **own,
            **amounts,
            **{field.name: getattr(place, field.name) for field in fields(Place)},
            "entry_id": entry_id,
            "fingerprint": fingerprint,
            "kind": "reversal",
            "flags": [flag for flag in entry.flags if flag not in (NAME_IN_KEY, "origin_missing")],
            "replaces": None,
            "loose_key": None,
            **links,
        }
    )


def said_anew(cost: Cost) -> Amounts:
    """A cost as a person would say it, so that parts of it can be said otherwise."""
    return Amounts(
        net_pence=cost.net_pence,
        vat_pence=cost.vat_pence,
        recoverable_vat_pence=cost.recoverable_vat_pence,
        irrecoverable_vat_pence=cost.irrecoverable_vat_pence if cost.vat_pence is None else None,
        gross_used=cost.amount_basis == "gross",
    )


def _key_of(content: Content, source: str) -> str | None:
    payee = content.payee
    return None if content.source_redacted else key_of(source, payee.number, payee.name, payee.kind)


def cleaned(text: str | None) -> str | None:
    """A text as every other way in stores it; None where nothing is left."""
    return (plain_text(clean_text(text)[0])[0] or None) if text is not None else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
