"""Facts of other services, as short as a test wants them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from shared.events.deliverables import PerformanceReportPublished
from shared.events.governance import (
    DeadlineReading,
    MeetingScheduled,
    MinutesPublished,
    PapersPublished,
    ReadingMet,
)
from shared.events.grants import (
    AgreementParty,
    AgreementSigned,
    ExpenditureBatchCompleted,
    ExpenditureBatchReceived,
    ExpenditureRecorded,
    LedgerLine,
    LedgerParty,
    LineSpend,
    MonthTotal,
    OrganisationIdentifier,
    OrganisationRegistered,
    OutturnRecorded,
    PassThroughAwarded,
    QuarterSpendStated,
)
from shared.values import (
    AmountBasis,
    DateBasis,
    LineKind,
    MeetingState,
    MethodologyScope,
    OutturnState,
    PapersScope,
    PartyKind,
)

FUNDER, BODY, PARENT, PARTNER, COUNCIL = (UUID(int=number) for number in range(1, 6))
AGREEMENT = UUID(int=100)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def registered(
    organisation_id: UUID = BODY, slug: str = "body", *, version: int = 1, whole_body: bool = False, **more: Any
) -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation_id=organisation_id,
        version=version,
        slug=slug,
        name=more.pop("name", "Improvement Body"),
        identifiers=(OrganisationIdentifier(scheme="GB-COH", id="03675577"),),
        is_publisher=True,
        methodology_scope=MethodologyScope.WHOLE_BODY if whole_body else MethodologyScope.PROGRAMME,
        **more,
    )


def signed(*, version: int = 1, parent: UUID | None = PARENT) -> AgreementSigned:
    parties = [
        AgreementParty(role="funder", organisation_id=FUNDER, name="Department"),
        AgreementParty(role="recipient", organisation_id=BODY, name="Improvement Body"),
    ]
    if parent is not None:
        parties.append(AgreementParty(role="lead_parent", organisation_id=parent, name="Association"))
    return AgreementSigned(
        agreement_id=AGREEMENT,
        version=version,
        year="2017/18",
        parties=tuple(parties),
        grant_pence=2_100_000_000,
        in_force_from=date(2017, 4, 1),
        in_force_to=date(2018, 3, 31),
        signed_on=(date(2017, 4, 24), date(2017, 5, 4)),
    )


def outturn(
    *, version: int = 1, spend_pence: int = 2_098_600_000, state: str = "provisional", **more: Any
) -> OutturnRecorded:
    return OutturnRecorded(
        agreement_id=AGREEMENT,
        version=version,
        outturn_id=uuid5(AGREEMENT, f"outturn {version}"),
        year="2017/18",
        state=OutturnState(state),
        as_at=date(2018, 3, 31),
        grant_pence=2_100_000_000,
        spend_pence=spend_pence,
        underspend_pence=2_100_000_000 - spend_pence,
        happened_at=more.pop("happened_at", at("2018-04-30T12:00")),
        **more,
    )


def line(
    net_pence: int,
    *,
    vat_pence: int | None = 0,
    irrecoverable_vat_pence: int | None = 0,
    gross: bool = False,
    item: str | None = None,
    line_no: int = 1,
    paid: str = "2017-05-10",
    name: str | None = "Acme Training Ltd",
    party_kind: str = "organisation",
    party_key: str | None = "acme",
    agreement_id: UUID | None = AGREEMENT,
    **more: Any,
) -> LedgerLine:
    entry = more.pop("entry_id", None) or uuid4()
    party = LedgerParty(
        key=party_key,
        kind=PartyKind(party_kind),
        name=name,
        company_number=more.pop("company_number", None),
        charity_number=more.pop("charity_number", None),
        vcse=more.pop("vcse", None),
    )
    fields: dict[str, Any] = {
        "unit": "Improvement",
        "category": "Training",
        "purpose": "Peer challenge",
        "kind": LineKind.CREDIT_NOTE if net_pence < 0 else LineKind.INVOICE,
        "date_basis": DateBasis.PAYMENT,
        **more,
    }
    return LedgerLine(
        entry_id=entry,
        line_key=f"key-{entry}",
        item_id=item or f"item-{entry}",
        line_no=line_no,
        party=party,
        payment_date=date.fromisoformat(paid),
        net_pence=net_pence,
        vat_pence=None if gross else vat_pence,
        irrecoverable_vat_pence=None if gross else irrecoverable_vat_pence,
        amount_basis=AmountBasis.GROSS if gross else AmountBasis.NET,
        eligible_pence=net_pence if gross else net_pence + (irrecoverable_vat_pence or 0),
        agreement_id=agreement_id,
        **fields,
    )


def correction(wrong: LedgerLine, net_pence: int, **more: Any) -> tuple[LedgerLine, LedgerLine]:
    """The exact reversal of a line and the full entry that takes its place."""
    common: dict[str, Any] = {"item": wrong.item_id, "paid": wrong.payment_date.isoformat()}
    reversal = line(-wrong.net_pence, kind="reversal", reverses=wrong.entry_id, **common)
    return reversal, line(net_pence, kind="correction", replaces=wrong.entry_id, **common, **more)


def batch(
    *lines: LedgerLine,
    organisation_id: UUID = BODY,
    batch_id: UUID | None = None,
    covers: tuple[str, str] | None = None,
    source: str = "ledger",
    by_hand: bool = False,
    waits: tuple[str, str] | None = None,
    unsettled: int = 0,
    version: int = 2,
) -> tuple[ExpenditureRecorded, ExpenditureBatchCompleted]:
    """The two facts of a batch: its lines, and what the owner states about them.

    `covers` are the days it covers, `waits` those of which some lines are not settled.
    """
    batch_id = batch_id or uuid4()
    months: dict[str, list[int]] = {}
    for entry in lines:
        months.setdefault(f"{entry.payment_date:%Y-%m}", []).append(entry.eligible_pence)
    recorded = ExpenditureRecorded(
        batch_id=batch_id, version=1, organisation_id=organisation_id, source=source, lines=lines
    )
    completed = ExpenditureBatchCompleted(
        batch_id=batch_id,
        version=version,
        organisation_id=organisation_id,
        source=source,
        event_count=1,
        lines=len(lines),
        pence=sum(entry.eligible_pence for entry in lines),
        months=tuple(
            MonthTotal(month=month, lines=len(amounts), pence=sum(amounts)) for month, amounts in sorted(months.items())
        ),
        covers_from=date.fromisoformat(covers[0]) if covers else None,
        covers_to=date.fromisoformat(covers[1]) if covers else None,
        waits_from=date.fromisoformat(waits[0]) if waits else None,
        waits_to=date.fromisoformat(waits[1]) if waits else None,
        unsettled_lines=unsettled,
        by_hand=by_hand,
    )
    return recorded, completed


def announced(
    batch_id: UUID, days: tuple[str, str] | None = None, *, organisation_id: UUID = BODY
) -> ExpenditureBatchReceived:
    """A file was handed in: its lines are on their way."""
    return ExpenditureBatchReceived(
        batch_id=batch_id,
        organisation_id=organisation_id,
        source="ledger",
        covers_from=date.fromisoformat(days[0]) if days else None,
        covers_to=date.fromisoformat(days[1]) if days else None,
    )


def completed(
    batch_id: UUID,
    *,
    version: int = 1,
    covers: tuple[str, str] | None = None,
    waits: tuple[str, str] | None = None,
    unsettled: int = 0,
    organisation_id: UUID = BODY,
) -> ExpenditureBatchCompleted:
    """What the owner states of a batch without lines: not usable, none of its days, or none settled yet."""
    _, fact = batch(
        batch_id=batch_id,
        covers=covers,
        waits=waits,
        unsettled=unsettled,
        version=version,
        organisation_id=organisation_id,
    )
    return fact.model_copy(update={"event_count": 0})


def covering(first: str, last: str, *, organisation_id: UUID = BODY) -> ExpenditureBatchCompleted:
    """A batch that holds no line and speaks for these days: nothing was paid on them."""
    return ExpenditureBatchCompleted(
        batch_id=uuid4(),
        version=1,
        organisation_id=organisation_id,
        source="ledger",
        event_count=0,
        lines=0,
        pence=0,
        months=(),
        covers_from=date.fromisoformat(first),
        covers_to=date.fromisoformat(last),
    )


def meeting(
    *,
    meeting_id: UUID = UUID(int=500),
    version: int = 1,
    start: str = "2027-01-06T11:00",
    state: str = "scheduled",
    under_grant_duty: bool = True,
    papers: str = "2026-12-30",
    minutes: str = "2027-02-06",
) -> MeetingScheduled:
    """A meeting with the readings governance computed: worked example 13."""
    return MeetingScheduled(
        meeting_id=meeting_id,
        version=version,
        organisation_id=BODY,
        board_id=UUID(int=400),
        board_slug="improvement-board",
        under_grant_duty=under_grant_duty,
        state=MeetingState(state),
        start=at(start),
        readings=(
            DeadlineReading(
                name="literal_deadline", subject="papers", due_on=date(2027, 1, 3), arithmetic="6 January less 3 days"
            ),
            DeadlineReading(
                name="strict_latest",
                subject="papers",
                due_on=date.fromisoformat(papers),
                arithmetic="31 December, 4 and 5 January lie between; 1 January is a holiday",
                is_policy=True,
            ),
            DeadlineReading(
                name="office_target", subject="papers", due_on=date(2026, 12, 24), arithmetic="last office day before"
            ),
            DeadlineReading(
                name="minutes_due",
                subject="minutes",
                due_on=date.fromisoformat(minutes),
                arithmetic="same day number next month",
                is_policy=True,
            ),
        ),
    )


def papers(
    *,
    meeting_id: UUID = UUID(int=500),
    happened: str = "2026-12-31T10:00",
    met: bool = False,
    supplement: int | None = None,
) -> PapersPublished:
    return PapersPublished(
        meeting_id=meeting_id,
        version=2,
        organisation_id=BODY,
        scope=PapersScope.SUPPLEMENT if supplement else PapersScope.MAIN_PACK,
        supplement_no=supplement,
        happened_at=at(happened),
        clear_days_given=5,
        clear_working_days_given=2,
        met_literal=True,
        met_policy=met,
        readings=(
            ReadingMet(name="literal_deadline", due_on=date(2027, 1, 3), met=True),
            ReadingMet(name="strict_latest", due_on=date(2026, 12, 30), met=met),
        ),
        withheld_count=1,
        url="https://example.org/packs/1.pdf",
        sha256="a" * 64,
    )


def minutes(*, happened: str = "2027-02-01T10:00", met: bool = True) -> MinutesPublished:
    return MinutesPublished(
        meeting_id=UUID(int=500),
        version=3,
        organisation_id=BODY,
        minutes_version=1,
        state="published_draft",
        happened_at=at(happened),
        due_on=date(2027, 2, 6),
        met=met,
        readings=(ReadingMet(name="minutes_due", due_on=date(2027, 2, 6), met=met),),
        withheld_count=0,
        url="https://example.org/minutes/1",
        sha256="b" * 64,
    )


def report_published(quarter: str = "2017-18-q1", when: str = "2017-07-28T10:00") -> PerformanceReportPublished:
    return PerformanceReportPublished(
        report_id=uuid5(AGREEMENT, quarter),
        version=3,
        agreement_id=AGREEMENT,
        organisation_id=BODY,
        year="2017/18",
        quarter=quarter,
        report_type="quarterly_summative" if quarter.endswith("4") else "quarterly",
        due_on=date(2017, 7, 30),
        submitted_at=at(when),
        published_at=at(when),
        days_late=0,
        published_with_unknowns=0,
        url=f"https://example.org/reports/{quarter}",
        sha256="c" * 64,
    )


def quarter_stated(quarter: str = "2017-18-q2", *, version: int = 1, pence: int = 1_000) -> QuarterSpendStated:
    return QuarterSpendStated(
        agreement_id=AGREEMENT,
        version=version,
        year="2017/18",
        quarter=quarter,
        lines=(
            LineSpend(code="IL1", name="Peer support", quarter_pence=pence, year_to_date_pence=pence * 2),
            LineSpend(code="CF", name="Central functions", quarter_pence=0, year_to_date_pence=0),
        ),
        happened_at=at("2017-10-20T10:00"),
    )


def awarded(on: date = date(2017, 4, 10)) -> PassThroughAwarded:
    return PassThroughAwarded(
        award_id=UUID(int=300),
        version=1,
        agreement_id=AGREEMENT,
        year="2017/18",
        organisation_id=PARTNER,
        line_code="LP",
        amount_pence=100_000_00,
        awarded_on=on,
    )
