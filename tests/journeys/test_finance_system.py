"""A finance system's quarter as it lives it: nothing but HTTP, against the program that people run."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.demo.ledger import HEADER
from deploy.demo.steps.data import profile
from shared.auth import LocalIssuer
from tests.grants.steps import annex_b
from tests.journeys.running import Served, wait_for

BODY, YEAR = "agency", "/grants/v1/agreements/2017-18"
BATCHES, LINES = "/grants/v1/expenditure-batches", "/grants/v1/expenditure-lines"
FIRST_QUARTER = {"covers_from": "2017-04-01", "covers_to": "2017-06-30"}


class Bearer:
    """Somebody with a token, who sends and reads."""

    numbers = itertools.count(1)

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, status: int = 200, **params: Any) -> httpx.Response:
        answer = self._http.get(path, headers=self._headers, params=params)
        assert answer.status_code == status, answer.text
        return answer

    def post(self, path: str, status: int = 201, **body: Any) -> Any:
        headers = {**self._headers, "Idempotency-Key": f"journey-{next(self.numbers)}"}
        answer = self._http.post(path, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def put(self, path: str, **body: Any) -> Any:
        answer = self._http.put(path, headers=self._headers, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def push(self, content: bytes, **params: str) -> Any:
        """Push a file, and read the batch."""
        headers = {**self._headers, "Idempotency-Key": f"journey-{next(self.numbers)}", "Content-Type": "text/csv"}
        about = {"organisation": BODY, "profile": "mou-ledger", **params}
        answer = self._http.post(BATCHES, headers=headers, params=about, content=content)
        assert answer.status_code == 201, answer.text
        return answer.json()


class People:
    """Who acts; the finance system is a client without a person, limited to its own organisation."""

    def __init__(self, http: httpx.Client, home: Path) -> None:
        issuer = LocalIssuer(home)

        def bearer(sub: str, scopes: str, **limits: Any) -> Bearer:
            return Bearer(http, issuer.token(sub, scopes.split(), **limits))

        self.system = bearer("client:ledger", "expenditure:submit", organisations=[BODY], client_only=True)
        self.manager = bearer("person:mara", "grants:manager grants:history grants:read")
        self.finance = bearer("person:finn", "grants:finance grants:read grants:history")
        self.chief = bearer("person:cleo", "grants:cfo grants:approver grants:read")
        self.preparer = bearer("person:pia", "transparency:preparer")
        self.approver = bearer("person:abe", "transparency:approver")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """The program with an agreement signed and its budget approved."""
    home = tmp_path_factory.mktemp("finance-system")
    with Served(home) as address, httpx.Client(base_url=address, timeout=60) as http:
        everybody = People(http, home)
        manager = everybody.manager
        for slug, publishes in (("department", False), (BODY, True)):
            more: dict[str, Any] = {"is_publisher": True, "methodology_scope": "programme"} if publishes else {}
            manager.post("/grants/v1/organisations", slug=slug, name=slug.title(), **more)
        manager.post(
            "/grants/v1/agreements",
            year="2017/18",
            funding_basis="direct_grant",
            grant_pence=2_100_000_000,
            senior_responsible_name="Jo Grey",
            parties=[{"role": "funder", "organisation": "department"}, {"role": "recipient", "organisation": BODY}],
        )
        for day in ("2017-04-24", "2017-05-04"):
            manager.post(f"{YEAR}/signatures", signed_on=day)
        budget = manager.put(f"{YEAR}/budget", lines=annex_b())
        everybody.chief.post(f"{YEAR}/budget/{budget['number']}/approvals")
        everybody.finance.post("/grants/v1/source-profiles", **profile("mou-ledger"))
        yield everybody


def file_of(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def row(number: str, code: str, day: str, net: str, **more: str) -> dict[str, str]:
    """A line of the finance system's export."""
    days = dict.fromkeys(("service_date", "invoice_date", "payment_date"), day)
    fixed = {"line": "1", "kind": "invoice", "supplier": "Acme Ltd", "supplier_type": "organisation", "card": "none"}
    return {
        **dict.fromkeys(HEADER, ""), **fixed, **days, "transaction_number": number, "workstream": code,
        "net": net, "vat": "0.00", "recoverable_vat": "0.00", **more,
    }  # fmt: skip


EXPORT = (
    row("T-1", "IL1", "2017-04-10", "1000.00"),
    row("T-2", "IL1", "2017-05-10", "2000.50"),
    row("T-3", "XX1", "2017-05-11", "750.00"),
    row("T-4", "SI", "2017-06-31", "640.00"),
    row("T-5", "SI", "2017-06-30", "99.99"),
)


def test_a_quarter_of_a_finance_system(people: People) -> None:
    """G-28, G-29, G-31, T-14, T-51, design §6: push, read the errors, mend, send again, reverse, close, be refused."""
    system, finance, chief = people.system, people.finance, people.chief

    # Two lines are faulty: one names no line of the budget, one a day that is none. The others are in.
    batch = system.push(file_of(*EXPORT), **FIRST_QUARTER)
    outcomes = batch["outcomes"]
    assert (batch["state"], outcomes["accepted"]["lines"], outcomes["rejected"]["lines"]) == ("completed", 3, 2)
    errors = {error["record"]: error for error in system.get(f"{BATCHES}/{batch['id']}/errors").json()["items"]}
    assert [errors[3]["reasons"][0]["code"], errors[4]["reasons"][0]["column"]] == [
        "not_assigned",
        "service_date",
    ]

    # The same lines come as a file with the reasons behind them; the mended file goes back as it is.
    text = system.get(f"{BATCHES}/{batch['id']}/errors.csv").text
    wrong = list(csv.DictReader(io.StringIO(text)))
    assert [line["transaction_number"] for line in wrong] == ["T-3", "T-4"]
    wrong[0]["workstream"] = "OG1"
    for name in ("service_date", "invoice_date", "payment_date"):
        wrong[1][name] = "2017-06-30"
    mended = io.StringIO()
    writer = csv.DictWriter(mended, list(wrong[0]))
    writer.writeheader()
    writer.writerows(wrong)
    second = system.push(mended.getvalue().encode(), corrects=batch["id"])
    assert (second["outcomes"]["accepted"]["lines"], second["covers_to"]) == (2, "2017-06-30")

    # Sending the whole export again does no harm: what is in is a duplicate, what was faulty is faulty still.
    again = system.push(file_of(*EXPORT))["outcomes"]
    assert (again["accepted"]["lines"], again["duplicate"]["lines"], again["rejected"]["lines"]) == (0, 3, 2)

    # A line was paid for nothing: finance reverses it, exactly and once.
    entries = {entry["line_key"]: entry for entry in finance.get(LINES, batch=batch["id"]).json()["items"]}
    reversed_entry = entries["T-2|1"]["entry_id"]
    reversal = finance.post(f"{LINES}/{reversed_entry}/reversals", reason="The supplier paid it back.")["reversal"]
    assert (reversal["eligible_pence"], reversal["reverses"]) == (-200_050, reversed_entry)
    refused = finance.post(f"{LINES}/{reversed_entry}/reversals", 409, reason="Once more.")
    assert refused["errors"][0]["code"] == "already_reversed"
    period = finance.get(f"{YEAR}/accounting-periods/2017-18-q1").json()
    held = {line["code"]: line["ledger_pence"] for line in period["lines"]}
    assert (held["IL1"], held["SI"], held["OG1"], sum(held.values())) == (100_000, 73_999, 75_000, 248_999)

    # The quarter is stated line by line, and closed by the chief finance officer's own act.
    figures = [{"code": code, "quarter_pence": pence, "zero_confirmed": pence == 0} for code, pence in held.items()]
    finance.post(f"{YEAR}/accounting-periods/2017-18-q1/statement", lines=figures, happened_at="2017-07-20T10:00:00Z")
    chief.post(f"{YEAR}/accounting-periods/2017-18-q1/lock", reason="Quarter stated")

    # A posting that names the closed quarter is refused, and told where it may go.
    line: dict[str, Any] = {
        "organisation": BODY, "payment_date": "2017-06-20", "net_pence": 12_000, "vat_pence": 0,
        "recoverable_vat_pence": 0, "agreement": "2017-18", "line_code": "IL5", "use_codes": [],
        "party": {"kind": "organisation", "name": "Northern Training Ltd"}, "purpose": "Leadership course",
    }  # fmt: skip
    problem = finance.post(LINES, 409, **line, accounting_quarter="2017-18-q1")
    assert problem["errors"][0]["code"] == "period_locked"
    assert "Q1 2017/18" in problem["errors"][0]["detail"]
    assert "Q2 2017/18" in problem["errors"][0]["detail"]
    assert len(finance.get(LINES, organisation=BODY).json()["items"]) == 6

    # A late line of a file is not refused: it is posted to the first open quarter, and says which it belongs to.
    late = system.push(file_of(row("T-6", "IL5", "2017-06-29", "310.00")))
    [entry] = finance.get(LINES, batch=late["id"]).json()["items"]
    assert (entry["accounting_quarter"], entry["late_for"]) == ("2017-18-q2", "2017-18-q1")

    # The public reads the quarter whole, to the penny, by the day it was paid: the late line among it.
    edition = published(people)
    assert (edition["coverage"], edition["missing_months"]) == ("complete", [])
    assert edition["reconciliation"]["ledger"] == {"lines": 7, "pence": 279_999}
    assert edition["reconciliation"]["difference"] == {"lines": 0, "pence": 0}
    excluded = {part["code"]: part["lines"] for part in edition["reconciliation"]["excluded"]}
    assert excluded == {"BELOW_THRESHOLD": 2, "SUPERSEDED_LINE": 2}


def published(people: People) -> Any:
    """The first edition of the quarter, as soon as every event of the ledger is here."""
    path = f"/transparency/v1/datasets/{BODY}/spend/2017-18-q1"

    def quiet() -> bool:
        health = [people.finance.get(f"/{name}/health/events").json() for name in ("grants", "transparency")]
        return not health[0]["relay"]["waiting_events"] and not health[1]["consumer"]["lag"]

    wait_for(quiet)
    people.preparer.post(f"{path}/editions")
    checked = people.preparer.post(f"{path}/editions/1/checks")
    return people.approver.post(f"{path}/editions/1/approvals", sha256=checked["sha256"])
