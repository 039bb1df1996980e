"""The demonstration as a new user runs it: what it prints, repeating it without effect, killing it without loss."""

from __future__ import annotations

import csv
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from deploy.demo.steps.spend import export_files
from tests.journeys.running import (
    NOWHERE,
    REAL,
    Served,
    digest,
    free_port,
    is_ready,
    kill_group,
    kill_servers,
    outturn,
    read_until,
    servers_in,
    started,
    wait_for,
)

CALENDAR = "/transparency/v1/obligations/compliance.html?publisher=idea&year=2017-18"


@dataclass
class Year:
    """A folder in which the year was entered once, and what was printed then."""

    home: Path
    text: str
    digest: str


@pytest.fixture(scope="module")
def real_year() -> Iterator[Year]:
    """With the real finance exports, where their folder is here."""
    with tempfile.TemporaryDirectory(prefix="journey-", ignore_cleanup_errors=True) as folder:
        yield entered(Path(folder), str(REAL) if REAL else NOWHERE)


@pytest.fixture(scope="module")
def short_year() -> Iterator[Year]:
    """Without them: what an undisturbed run of the killed ones leaves behind."""
    with tempfile.TemporaryDirectory(prefix="journey-", ignore_cleanup_errors=True) as folder:
        yield entered(Path(folder), NOWHERE)


def entered(home: Path, spend: str) -> Year:
    done = outturn(home, "demo", "--exit", OUTTURN_PORT=str(free_port()), OUTTURN_SPEND_DIR=spend)
    assert done.code == 0, done.text
    assert servers_in(home) == []
    return Year(home, done.text, digest(home))


def test_it_prints_the_ratings_as_printed_and_after_the_missing_are_rated(real_year: Year) -> None:
    """D-3, D-29, worked examples 6 and 7: 52 / 4 / 5 missing of 61 rows; then 56 / 4 / 0 of 60."""
    row = next(line for line in real_year.text.splitlines() if re.match(r"All +61 ", line))
    assert re.findall(r"\d+", row) == ["61", "52", "4", "0", "5", "60", "56", "4", "0", "0"]
    by_theme = [
        re.findall(r"\d+", line)[:5]
        for line in real_year.text.splitlines()
        if re.match(r"(Ena|Eff|Lea|Str)[a-z]+ .*\d", line)
    ]
    assert [(row[1], row[2], row[4]) for row in by_theme] == [
        ("11", "1", "1"), ("12", "1", "4"), ("18", "2", "0"), ("11", "0", "0"),
    ]  # fmt: skip
    assert "refused (rating_missing)" in real_year.text
    assert "4 deliverables shown as unknown (E4, EP11, EP12, EP13)" in " ".join(real_year.text.split())


def test_it_prints_the_provisional_outturn_from_transparency(real_year: Year) -> None:
    """G-35, worked example 10."""
    assert "grant £21.000m, spend £20.986m, under by £14,000 (0.067 %)" in real_year.text


def test_it_prints_attendance_by_group(real_year: Year) -> None:
    """B-24, worked example 4: 22/24, 16/21, 5/6, 3/3, all 46/54 = 85.2 %."""
    for group, present, of in (
        ("Conservative", 22, 24), ("Labour", 16, 21), ("Liberal Democrat", 5, 6), ("Independent", 3, 3),
        ("All full members", 46, 54),
    ):  # fmt: skip
        assert re.search(rf"{group} +{present} +{of} ", real_year.text), group
    assert "85.2" in real_year.text


def test_register_and_note_differ_where_the_sources_do(real_year: Year) -> None:
    """B-44, worked example 7: exactly four differences for 22 March 2018, none for 18 January 2011."""
    assert "register against note: 4 on 2018-03-22, 0 on 2011-01-18" in real_year.text


def test_the_quarterly_reports_met_their_dates(real_year: Year) -> None:
    """D-39, T-42: submitted and published at their stated times, the last day being 30 April 2018."""
    for quarter, due in (("Q1", "2017-07-30"), ("Q2", "2017-10-30"), ("Q3", "2018-01-31"), ("Q4", "2018-04-30")):
        assert re.search(rf"REPORT +{quarter} 2017/18 +{due} +met +0", real_year.text), quarter
    assert "4 reports, 0 late" in real_year.text


def test_every_line_of_the_synthetic_ledger_is_accepted(real_year: Year) -> None:
    rows = [line for line in real_year.text.splitlines() if line.startswith("synthetic 2017-18")]
    assert sum(int(row.split()[2].replace(",", "")) for row in rows) == 5_990
    assert "Push the synthetic ledger: 5,990 lines, £20,986,000.00" in real_year.text


@pytest.mark.skipif(REAL is None, reason="the folder of real finance exports is not here (OUTTURN_SPEND_DIR)")
def test_every_row_of_every_real_file_is_accounted_for_in_lines_and_pence(real_year: Year) -> None:
    """The printed account of each file against the file itself, counted and added up here without our reader."""
    printed = {
        line.split()[0]: line.split()[1:] for line in real_year.text.splitlines() if re.match(r"\w+/\S+\.csv ", line)
    }
    files = export_files(REAL)
    assert set(printed) == {file.name for file in files}
    for file in files:
        lines, pence = own_account(file.path)
        received, *_, amount, _accepted, _eligible = printed[file.name]
        assert int(received.replace(",", "")) == lines, file.name
        assert Decimal(re.sub("[£,]", "", amount)) == pence, file.name
    assert "In every file received = accepted + duplicate + conflict + rejected + held" in real_year.text


@pytest.mark.skipif(REAL is None, reason="the folder of real finance exports is not here (OUTTURN_SPEND_DIR)")
def test_editions_say_which_months_are_missing(real_year: Year) -> None:
    """T-51: by the days that the files' names state; strays of other months' files cover nothing."""
    pattern = r"(\w+) +(20\d\d-\d\d-q\d) +[\d,]+ +\S+ +(complete|partial|not_stated) *(20\d\d.*)?"
    editions = (re.fullmatch(pattern, line.rstrip()) for line in real_year.text.splitlines())
    said = {f"{found[1]} {found[2]}": (found[3], found[4] or "") for found in editions if found}
    partial = {edition: months for edition, (word, months) in said.items() if word == "partial"}
    assert partial == {
        # Of the files of April to June 2017, the card statements go back to August.
        "calderdale 2016-17-q2": "2016-07, 2016-08, 2016-09",
        "calderdale 2016-17-q3": "2016-10, 2016-11, 2016-12",
        "calderdale 2016-17-q4": "2017-01, 2017-02, 2017-03",
        # There is no file of the sixth period, 20 August to 16 September.
        "gla 2017-18-q2": "2017-08, 2017-09",
        # Payments after the year for services of the year.
        "idea 2018-19-q1": "2018-04, 2018-05, 2018-06",
        "leeds 2010-11-q3": "2010-10, 2010-11",
        "leeds 2010-11-q4": "2011-01, 2011-02",
        "leeds 2019-20-q4": "2020-01, 2020-02, 2020-03",
        "leeds 2020-21-q1": "2020-04, 2020-05",
    }
    assert {word for edition, (word, _) in said.items() if edition not in partial} == {"complete"}
    assert len(said) == 21
    assert "12 complete, 9 partial." in real_year.text


def test_it_says_that_the_files_of_the_year_were_entered_in_this_run(short_year: Year) -> None:
    """Two times: a duty entered after its day and met by what was entered since is not called years late."""
    text = " ".join(short_year.text.split())
    assert "were entered here after the day had passed, on " in text
    assert "met by files that were entered and published here on " in text
    for quarter in ("Q1", "Q2", "Q3", "Q4"):
        assert re.search(rf"SPEND +{quarter} 2017/18 +\S+ +met late +not known", short_year.text), quarter


def test_a_run_that_ends_prints_no_address_and_says_how_to_serve(short_year: Year) -> None:
    """What is not served any more is not offered to open: neither a page nor the address itself."""
    assert "http://" not in short_year.text
    assert "127.0.0.1" not in short_year.text
    assert "`make up` serves what was entered" in short_year.text
    assert "Everything that is served: /" in short_year.text


def test_the_error_in_a_printed_budget_is_found_and_not_mended(short_year: Year) -> None:
    """G-11: one figure of the group's budget of 2011/12 differs from what its rows make; the other table has none."""
    assert "2 tables, 1 figure printed wrong: Total expenditure, non_pay: stated £31,000,000.00" in short_year.text


def test_every_entry_says_that_it_raises_no_rule_and_both_bodies_took_on_the_duties(short_year: Year) -> None:
    """G-19, G-22, G-38: and what keeps the year open is listed."""
    assert "Use declared for 5,990 of 5,990 entries: 5,990 allowed, 0 refused" in short_year.text
    assert "14 duties acknowledged, both payable" in short_year.text
    assert "£14,000.00 of the underspend is undecided" in short_year.text


AMOUNT_COLUMNS = ("Net", "Net Amount", "Net amount", "Amount")


def own_account(path: Path) -> tuple[int, Decimal]:
    """Records that hold anything, and the sum of the amount column."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    rows = list(csv.reader(text.splitlines(keepends=True)))
    header = [cell.strip() for cell in rows[0]]
    place = next(header.index(name) for name in AMOUNT_COLUMNS if name in header)
    filled = [row for row in rows[1:] if any(cell.strip() for cell in row)]
    return len(filled), sum((pounds_of(row[place]) for row in filled), Decimal(0))


def pounds_of(cell: str) -> Decimal:
    """Thousands marks and brackets for what was paid back are the only styles these files have."""
    plain = cell.strip().replace(",", "")
    return -Decimal(plain[1:-1]) if plain.startswith("(") else Decimal(plain)


def test_a_second_run_changes_nothing_and_says_so(real_year: Year) -> None:
    spend = str(REAL) if REAL else NOWHERE
    again = outturn(real_year.home, "demo", "--exit", OUTTURN_PORT=str(free_port()), OUTTURN_SPEND_DIR=spend)
    assert again.code == 0, again.text
    assert "Nothing changed: all " in again.text
    assert digest(real_year.home) == real_year.digest


def test_two_undisturbed_runs_have_the_same_digest(short_year: Year, tmp_path: Path) -> None:
    assert entered(tmp_path, NOWHERE).digest == short_year.digest


def test_the_audit_logs_are_whole_chains(real_year: Year) -> None:
    done = outturn(real_year.home, "audit", "verify")
    assert done.code == 0
    assert done.text.count(": intact") == 4


def test_every_link_of_the_home_page_answers(real_year: Year) -> None:
    """From `/` a person reaches whatever is served: every address on it is one that answers."""
    with Served(real_year.home) as address:
        page = httpx.get(address, timeout=30)
        assert page.status_code == 200
        assert "files were entered here on " in page.text
        assert not re.search(r"\d{3,} days late", httpx.get(f"{address}{CALENDAR}", timeout=30).text)
        assert '<html lang="en' in page.text
        links = sorted(set(re.findall(r'href="(/[^"]+)"', page.text)))
        for kind in (
            r"/deliverables/v1/reports/.*\.html", r"/transparency/open/.*/latest\.csv", r".*compliance\.html.*",
            r".*/agenda\.html", r".*/minutes\.html", r"/governance/v1/boards/.*", r"/grants/docs", r".*/readyz",
            r".*/packs/.*", r"/grants/v1/agreements/2017-18/budget", r"/grants/v1/onward-awards\?year=2017-18",
            r"/grants/v1/historical-budgets/2011-12/group",
        ):  # fmt: skip
            assert any(re.fullmatch(kind, link) for link in links), kind
        with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
            broken = {
                link: answer.status_code
                for link in links
                if (answer := client.get(link.replace("&amp;", "&"))).status_code != 200
            }
        assert broken == {}
        # Pages that need a token stand there as text, and answer those who have one.
        token = outturn(real_year.home, "token", "--scope", "grants:read").text.strip()
        pages = re.findall(r"<code>(/[^<]+)</code>", page.text)
        assert [path.partition(".html")[0].rpartition("/")[2] for path in pages] == [
            "management-accounts",
            "usage-statement",
        ]
        with httpx.Client(base_url=address, timeout=60) as client:
            for path in pages:
                assert client.get(path).status_code == 401
                answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == 200, answer.text
                assert answer.headers["content-type"].startswith("text/html")


def test_the_grant_passed_on_is_in_the_360giving_file(short_year: Year) -> None:
    """G-23: both awards, by identifiers that nobody takes for real ones."""
    with Served(short_year.home) as address:
        answer = httpx.get(f"{address}/grants/v1/onward-awards/360giving.json", timeout=30)
        left_out = httpx.get(f"{address}/grants/v1/onward-awards", timeout=30).json()["left_out"]
    assert answer.status_code == 200, answer.text
    package = answer.json()
    recipients = {grant["recipientOrganization"][0]["id"]: grant["amountAwarded"] for grant in package["grants"]}
    assert recipients == {"ZZ-DEMO-SYNTHETIC-0001": 1_000_000, "ZZ-DEMO-SYNTHETIC-0002": 180_000}
    assert package["publisher"]["identifier"] == "GB-COH-03675577"
    assert left_out == []


@pytest.fixture(params=["Award the pass-through", "Push the synthetic ledger", "Mark what was held"])
def moment(request: pytest.FixtureRequest) -> str:
    """A line of the demonstration at which it is killed."""
    return str(request.param)


def test_killed_in_the_middle_and_run_again_it_ends_the_same(moment: str, short_year: Year, tmp_path: Path) -> None:
    """kill -9 of the whole group, of the database too at one of the moments; nothing is lost and nothing doubled."""
    with started(tmp_path, "demo", "--exit", OUTTURN_PORT=str(free_port())) as process:
        read_until(process, moment)
        kill_group(process)
    if moment.startswith("Push"):
        kill_servers(tmp_path)
    done = outturn(tmp_path, "demo", "--exit", OUTTURN_PORT=str(free_port()))
    assert done.code == 0, done.text
    assert "Entered " in done.text
    assert digest(tmp_path) == short_year.digest
    assert servers_in(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_cleanly_and_leaves_no_database_behind(how: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "up", OUTTURN_PORT=str(port)) as process:
        read_until(process, "Outturn serves")
        wait_for(lambda: is_ready(f"http://127.0.0.1:{port}", "governance"))
        assert servers_in(tmp_path)
        process.send_signal(how)
        assert process.wait(60) == 0
    assert servers_in(tmp_path) == []


def test_mistakes_of_the_operator_are_answered_in_words(tmp_path: Path) -> None:
    served = Served(tmp_path)
    with served:
        same_folder = outturn(tmp_path, "up", OUTTURN_PORT=str(free_port()))
        same_port = outturn(tmp_path / "other", "up", OUTTURN_PORT=str(served.port))
    for done, said in (
        (same_folder, f"are in use by process {served.process.pid}"),
        (same_port, f"Port {served.port} of 127.0.0.1 cannot be taken"),
        (outturn(tmp_path, "serve", "grant"), "There is no service 'grant'"),
        (outturn(tmp_path, "serve", "grants"), "GRANTS_DATABASE_URL"),
        (outturn(tmp_path, "migrate"), "GRANTS_DATABASE_URL"),
        (outturn(tmp_path / "none", "digest"), "There are no data in"),
        (outturn(tmp_path, "up", OUTTURN_PORT="80000"), "OUTTURN_PORT must be a port"),
        (outturn(tmp_path, "token", "--scope", "grants:manager", ENVIRONMENT="production"), "embedded mode"),
    ):
        assert done.code == 1, done.text
        assert said in done.text
        assert "Traceback" not in done.text


def test_a_token_of_the_command_line_is_accepted_by_the_running_services(tmp_path: Path) -> None:
    with Served(tmp_path) as address:
        token = outturn(tmp_path, "token", "--scope", "grants:manager", "--sub", "person:anne").text.strip()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
        body = {"slug": "a-body", "name": "A Body"}
        made = httpx.post(f"{address}/grants/v1/organisations", json=body, headers=headers)
        assert made.status_code == 201
