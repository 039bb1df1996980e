"""Grants: the parties, the memorandum of 2017/18 with its two signatures, its indicative budget."""

from __future__ import annotations

from typing import Any

from deploy.demo.client import Client
from deploy.demo.people import CFO, MANAGER
from deploy.demo.steps.data import MOU, pence, table

YEAR = "2017-18"
RECIPIENT = "idea"

MADE_UP = "ZZ-DEMO"
"""The documents print no register's number of the two bodies that grant is passed to. Without one their awards cannot
stand in the 360Giving file, so they carry one of a register that there is not: ZZ is no country's code."""

ORGANISATIONS: tuple[dict[str, Any], ...] = (
    {"slug": "dclg", "name": "Department for Communities and Local Government"},
    {
        "slug": RECIPIENT,
        "name": "Improvement and Development Agency for Local Government",
        "identifiers": [{"scheme": "GB-COH", "id": "03675577"}],
        "is_publisher": True,
        "methodology_scope": "programme",
    },
    {"slug": "lga", "name": "Local Government Association"},
    {
        "slug": "local-partnerships",
        "name": "Local Partnerships",
        "identifiers": [{"scheme": MADE_UP, "id": "SYNTHETIC-0001"}],
        "is_publisher": True,
    },
    {
        "slug": "cfps",
        "name": "Centre for Public Scrutiny",
        "identifiers": [{"scheme": MADE_UP, "id": "SYNTHETIC-0002"}],
        "is_publisher": True,
    },
)
PUBLISHERS: tuple[dict[str, Any], ...] = (
    {"slug": "salford", "name": "Salford City Council", "identifiers": [{"scheme": "GSS", "id": "E08000006"}]},
    {"slug": "gla", "name": "Greater London Authority"},
    {"slug": "calderdale", "name": "Calderdale Council", "identifiers": [{"scheme": "GSS", "id": "E08000033"}]},
    {"slug": "leeds", "name": "Leeds City Council", "identifiers": [{"scheme": "GSS", "id": "E08000035"}]},
)
SIGNED_ON = ("2017-04-24", "2017-05-04")
"""The two dates under the memorandum; whose they are it does not tell, so no party is named (G-4)."""

CLAIMS: tuple[dict[str, Any], ...] = (
    {
        "from_year": "2010/11",
        "to_year": "2017/18",
        "basis": "real_terms",
        "claimed_by": "The association, in its update for the sector of November 2017",
        "source": "003 Introduction",
        "statement": "In real terms the money for improvement led by the sector fell by about three fifths.",
        "figure_as_printed": "approximately 60 per cent",
    },
    {
        "from_year": "2010/11",
        "to_year": "2014/15",
        "basis": "not_stated",
        "claimed_by": "The association, in its board paper of March 2011",
        "source": "004 para 2.1",
        "statement": "The top-slice falls over four years, most of it in the first.",
        "figure_as_printed": "38%",
    },
)
"""What others said of the grant over the years; no figure is worked out from it."""

ACKNOWLEDGED_ON = "2017-05-12"
PRINTED_BUDGETS = {"group": "Budget of the group", "by-organisation": "Budget by organisation"}


async def register_parties(client: Client) -> str:
    """Department, agency, parent, the two bodies that grant is passed to, and four councils that publish their own."""
    councils = [{**body, "is_publisher": True, "methodology_scope": "whole_body"} for body in PUBLISHERS]
    for body in (*ORGANISATIONS, *councils):

        async def find(slug: str = body["slug"]) -> Any:
            return await client.find(f"/grants/v1/organisations/{slug}")

        async def make(body: dict[str, Any] = body) -> Any:
            return await client.post("/grants/v1/organisations", MANAGER, body)

        found = await client.once("organisations", find, make)
        if body.get("identifiers") and not found["identifiers"]:
            # A body of an earlier release was registered without.
            path = f"/grants/v1/organisations/{body['slug']}"
            change = {"identifiers": body["identifiers"]}
            await client.replace("PATCH", path, MANAGER, change, version_of=path)
            client.made["identifiers"] += 1
    department = await client.get("/grants/v1/organisations/dclg")
    if len(department["names"]) == 1:
        # The same party under a new name (G-5): what was signed in 2017 keeps showing the old one.
        renamed = {"name": "Ministry of Housing, Communities and Local Government", "since": "2018-01-08"}
        await client.post("/grants/v1/organisations/dclg/names", MANAGER, renamed)
        client.made["names"] += 1
    return f"{len(ORGANISATIONS) + len(councils)} organisations"


async def sign(client: Client) -> str:
    """Draft the memorandum and note both signatures; the second one brings it into force."""

    async def find() -> Any:
        # A run that was broken off may have left a draft, which officers alone read.
        return await client.find(f"/grants/v1/agreements/{YEAR}", MANAGER)

    async def make() -> Any:
        terms = {
            "year": "2017/18",
            "funding_basis": "direct_grant",
            "grant_pence": 2_100_000_000,
            "territory": "England",
            "in_force_from": "2017-04-01",
            "in_force_to": "2018-03-31",
            "review_by": "2017-10-31",
            "senior_responsible_name": "Not stated in the memorandum",
            "parties": [
                {"role": "funder", "organisation": "dclg"},
                {"role": "recipient", "organisation": RECIPIENT},
                {"role": "lead_parent", "organisation": "lga"},
            ],
        }
        return await client.post("/grants/v1/agreements", MANAGER, terms)

    agreement = await client.once("agreements", find, make)
    for day in SIGNED_ON:
        if day in {signature["signed_on"] for signature in agreement["signatures"]}:
            client.found["signatures"] += 1
            continue
        agreement = await client.post(f"/grants/v1/agreements/{YEAR}/signatures", MANAGER, {"signed_on": day})
        client.made["signatures"] += 1
    return f"£{agreement['grant_pence'] // 100:,}, {agreement['state'].replace('_', ' ')}"


async def set_budget(client: Client) -> str:
    """Annex B with its printed sub-totals, which are checked and not added (G-8, G-9); a second person approves it."""

    async def find() -> Any:
        return await client.find(f"/grants/v1/agreements/{YEAR}/budget", as_at="2017-04-01")

    async def make() -> Any:
        lines = []
        for row in table("annex_b_2017_18"):
            carries = row["kind"] in ("leaf", "pass_through")
            lines.append(
                {
                    "code": row["code"],
                    "name": row["name"],
                    "parent_code": row["parent_code"] or None,
                    "kind": row["kind"],
                    "amount_pence" if carries else "stated_pence": pence(row["amount_gbp"]),
                }
            )
        path = f"/grants/v1/agreements/{YEAR}/budget"
        # A run that was broken off may have left the version unapproved.
        version = await client.find(path, MANAGER, version=1)
        if version is None:
            version = await client.replace("PUT", path, MANAGER, {"effective_from": "2017-04-01", "lines": lines})
        return await client.post(f"{path}/{version['number']}/approvals", CFO)

    budget = await client.once("budgets", find, make)
    carrying = [line for line in budget["lines"] if line["amount_pence"] is not None]
    return f"{len(carrying)} carrying lines, £{budget['carried_pence'] // 100:,}, balanced"


async def award_pass_through(client: Client) -> str:
    """The two pass-through lines to their bodies, which then carry the same duties (G-22); no rule of use is raised.

    No date of award is printed; the day of the last signature is assumed.
    """
    total = duties = 0
    for row in table("annex_b_2017_18"):
        if row["kind"] != "pass_through":
            continue
        slug = {"LP": "local-partnerships", "CF": "cfps"}[row["code"]]
        path = f"/grants/v1/agreements/{YEAR}/pass-through-awards"

        async def find(path: str = path, slug: str = slug) -> Any:
            return next(iter(await client.every(path, MANAGER, organisation=slug)), None)

        async def make(path: str = path, slug: str = slug, row: dict[str, str] = row) -> Any:
            award = {
                "line_code": row["code"],
                "organisation": slug,
                "amount_pence": pence(row["amount_gbp"]),
                "awarded_on": SIGNED_ON[-1],
                "title": f"{row['name']} 2017/18",
                "description": "Part of the programme of sector improvement support, delivered by this body.",
                "use_codes": [],
            }
            return await client.post(path, MANAGER, award)

        award = await client.once("pass-through awards", find, make)
        award = await _take_on_duties(client, f"{path}/{award['id']}")
        total += award["amount_pence"]
        duties += len(award["duties"])
    return f"2 awards, £{total // 100:,}, {duties} duties acknowledged, both {award['state']}"


async def _take_on_duties(client: Client, path: str) -> Any:
    """The body acknowledges each duty, which makes the award payable (G-22). The day is assumed; none is printed."""
    award = await client.get(path, MANAGER)
    if award["use"]["outcome"] == "undeclared":
        # An award of an earlier release was made before its use was asked for.
        await client.post(f"{path}/use-declarations", MANAGER, {"use_codes": []})
    missing = [duty["code"] for duty in award["duties"] if duty["acknowledged_on"] is None]
    if missing:
        acknowledged = {"acknowledged_by": "The body (assumed)", "acknowledged_on": ACKNOWLEDGED_ON, "duties": missing}
        await client.post(f"{path}/acknowledgements", MANAGER, acknowledged)
    client.count("duties acknowledged", made=len(missing), of=len(award["duties"]))
    if (await client.get(path, MANAGER))["state"] == "terms_acknowledged":
        await client.post(f"{path}/state-changes", MANAGER, {"to": "payable"})
    return await client.get(path, MANAGER)


async def load_printed_budgets(client: Client) -> str:
    """The preliminary budgets of 2011/12 as printed, errors included: found, and never corrected (G-11)."""
    found = []
    for name, title in PRINTED_BUDGETS.items():
        path = f"/grants/v1/historical-budgets/2011-12/{name}"

        async def find(path: str = path) -> Any:
            return await client.find(path)

        async def make(path: str = path, name: str = name, title: str = title) -> Any:
            content = (MOU / f"budget_2011_12_{name.replace('-', '_')}.csv").read_bytes()
            answer = await client.call(
                "PUT",
                f"{path}.csv",
                MANAGER,
                params={"title": title, "source": "Board papers of March 2011, Appendix 1"},
                content=content,
                headers={"Content-Type": "text/csv"},
            )
            return answer.json()

        found += (await client.once("printed budgets", find, make))["findings"]
    told = "; ".join(finding["detail"] for finding in found)
    return f"{len(PRINTED_BUDGETS)} tables, {len(found)} figure printed wrong: {told}"


async def load_history(client: Client) -> str:
    """Grant and spend of other years as far as the documents tell; the rest stays unknown (question 9)."""
    spent = {row["year"]: row for row in table("outturn") if row["year"] != "2017/18"}
    rows = []
    for row in table("grant_history"):
        figures: dict[str, Any] = {key: row[key] for key in ("year", "funding_basis", "state")}
        figures |= {key: row[key] for key in ("scope", "source", "note") if row[key]}
        if row["grant_gbp"]:
            figures["grant_pence"] = pence(row["grant_gbp"])
        if row["year"] in spent:
            outturn = spent[row["year"]]
            figures |= {"spend_pence": pence(outturn["spend_gbp"]), "spend_state": outturn["state"]}
            figures["spend_reported_on"] = outturn["reported_on"]
        rows.append(figures)
    answer = await client.call("POST", "/grants/v1/grant-history", MANAGER, json={"rows": rows})
    client.noted("grant histories", answer)
    standing = {claim["figure_as_printed"] for claim in (await client.get("/grants/v1/grant-history"))["claims"]}
    for claim in CLAIMS:
        made = claim["figure_as_printed"] not in standing
        if made:
            await client.post("/grants/v1/grant-history/claims", MANAGER, claim)
        client.count("claims", made=int(made), of=1)
    years = {row["year"] for row in rows}
    known = {row["year"] for row in rows if "grant_pence" in row}
    return f"{len(years)} years, {len(years - known)} of them unknown; {len(CLAIMS)} claims about them kept apart"
