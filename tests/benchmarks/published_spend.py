"""A million published spend rows, made by statements: ten publishers, sixteen quarters, texts of uneven frequency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

PUBLISHERS = 10
QUARTERS = tuple(f"{year}-{(year + 1) % 100:02d}-q{number}" for year in range(2014, 2018) for number in range(1, 5))
REFERENCE_KEY = "bench"

ORGANISATIONS = """
INSERT INTO organisations (organisation_id, version, slug, name, identifiers, is_publisher, methodology_scope,
    registered_at)
SELECT md5('organisation ' || n)::uuid, 1, 'council-' || n, 'Council number ' || n, '[]', true, 'whole_body', now()
FROM generate_series(1, %(publishers)s) AS n
"""

DATASETS = """
INSERT INTO datasets (dataset_id, organisation_id, kind, title, version, created_at)
SELECT md5('dataset ' || slug)::uuid, organisation_id, 'spend', 'Spend over £500', 1, now() FROM organisations
"""

EDITIONS = """
INSERT INTO editions (edition_id, dataset_id, period, number, state, version, methodology, change_kind, nil_stated,
    nil_return, coverage, missing_months, row_count, line_count, total_pence, ledger_mark, reconciliation, warnings,
    changes, details, quality, newly_withheld, gross_rows, guarded_cells, drafted_by, drafted_at, changed_by,
    approved_by, published_at, created_by, created_at, modified_at)
SELECT md5('edition ' || organisation.slug || period)::uuid, dataset.dataset_id, period, 1, 'published', 1, 1, 'first',
    false, false, 'not_stated', '[]', %(rows)s, %(rows)s, 0, '', '{}', '{}', '{}', '{}', '{}', '{}', 0, 0, 'a', now(),
    '["a"]', 'b', now(), 'a', now(), now()
FROM organisations organisation JOIN datasets dataset USING (organisation_id), unnest(%(periods)s::text[]) AS period
"""

# The share of a text falls with the square of a random number, as it does in ledgers: few payees are paid often, and
# most are paid seldom. A rare word stands in one purpose of ten thousand.
LINES = """
INSERT INTO spend_lines (entry_id, row_id, root_id, organisation_id, batch_id, source, line_key, item_id, line_no, kind,
    party_key, party_kind, party_name, company_number, unit, category, purpose, card, contract_ref, payment_date,
    date_basis, net_pence, vat_pence, irrecoverable_vat_pence, amount_basis, eligible_pence, line_code, source_redacted,
    first_seen_at)
SELECT entry_id, replace(entry_id::text, '-', ''), entry_id, organisation_id, entry_id, 'bench', n::text, n::text, 1,
    'invoice', 'p' || payee, CASE WHEN chance < 0.01 THEN 'individual' ELSE 'organisation' END,
    CASE WHEN chance >= 0.01 THEN words.names[1 + payee %% 40] || ' ' || words.trades[1 + payee / 40 %% 30] || ' '
        || payee || ' Limited' END,
    lpad(payee::text, 8, '0'), 'Directorate ' || unit,
    'Category ' || category || ' of ' || words.trades[1 + category %% 30],
    words.things[1 + (chance2 * chance2 * 40)::int %% 40] || ' for ' || words.trades[1 + (chance * 30)::int %% 30]
        || ', order ' || (chance3 * 1000000)::int || CASE WHEN n %% 10000 = 7 THEN ' zeppelin hangar' ELSE '' END,
    CASE WHEN chance3 < 0.03 THEN 'gpc' ELSE 'none' END,
    CASE WHEN chance2 < 0.2 THEN 'C-' || (chance2 * 10000)::int END,
    %(start)s::date + (chance3 * 89)::int, 'payment', amount, 0, 0, 'net', amount, 'IL1', false, now()
FROM (
    SELECT n, md5(%(edition)s::text || n)::uuid AS entry_id, (random() ^ 3 * 4000)::int AS payee,
        (random() ^ 2 * 30)::int AS unit, (random() ^ 2 * 300)::int AS category, random() AS chance,
        random() AS chance2, random() AS chance3, 50100 + (random() ^ 4 * 50000000)::bigint AS amount
    FROM generate_series(1, %(rows)s) AS n
) AS made,
(SELECT organisation_id FROM datasets JOIN editions USING (dataset_id) WHERE edition_id = %(edition)s) AS publisher,
(SELECT ARRAY['Acme', 'Ashworth', 'Barton', 'Birch', 'Calder', 'Castle', 'Dale', 'Eastfield', 'Fell', 'Forest',
    'Garside', 'Green', 'Harbour', 'Hill', 'Ingham', 'Jarvis', 'Keele', 'Lund', 'Müller', 'Marsh', 'Northgate', 'Oak',
    'Orchard', 'Park', 'Quarry', 'Ridge', 'River', 'Stone', 'Summit', 'Tarn', 'Thorn', 'Upton', 'Vale', 'Wharf',
    'Whitby', 'Wolds', 'York', 'Zenith', 'Mill', 'Moor'] AS names,
    ARRAY['Training', 'Consulting', 'Cleaning', 'Highways', 'Housing', 'Care', 'Transport', 'Catering', 'Software',
    'Printing', 'Security', 'Legal', 'Energy', 'Water', 'Waste', 'Building', 'Roofing', 'Electrical', 'Plumbing',
    'Landscaping', 'Insurance', 'Recruitment', 'Nursing', 'Fostering', 'Libraries', 'Leisure', 'Parking', 'Surveying',
    'Planning', 'Archives'] AS trades,
    ARRAY['Services', 'Hire of plant', 'Supply of goods', 'Maintenance', 'Professional fees', 'Agency staff',
    'Peer challenge', 'Repairs', 'Licence', 'Rent', 'Rates', 'Equipment', 'Grounds work', 'Placements', 'Taxi contract',
    'Survey', 'Design', 'Inspection', 'Storage', 'Postage', 'Advertising', 'Venue', 'Evaluation', 'Research', 'Audit',
    'Books', 'Uniforms', 'Fuel', 'Vehicles', 'Furniture', 'Lighting', 'Signs', 'Playground', 'Trees', 'Cemetery',
    'Bridge works', 'Drainage', 'Asbestos', 'Adaptations', 'Museum'] AS things) AS words
"""

DECISIONS = """
INSERT INTO row_decisions (edition_id, entry_id, row_id, inclusion, item_total_pence, amount_pence, transaction_number,
    line_number, late_addition, content)
SELECT %(edition)s, entry_id, row_id, 'OVER_THRESHOLD', eligible_pence, eligible_pence,
    'TR-' || upper(left(row_id, 16)), 1, false, ''
FROM spend_lines
WHERE organisation_id = (SELECT organisation_id FROM datasets JOIN editions USING (dataset_id)
    WHERE edition_id = %(edition)s) AND payment_date BETWEEN %(start)s AND %(start)s::date + 89
"""


async def editions(
    connection: psycopg.AsyncConnection[Any], periods: tuple[str, ...], publishers: int, rows: int
) -> list[tuple[UUID, UUID, str]]:
    """Editions of these periods with their lines and decisions, as checking leaves them: edition, publisher, period."""
    await connection.execute("SELECT setseed(0.5)")
    await connection.execute(ORGANISATIONS, {"publishers": publishers})
    await connection.execute(DATASETS)
    await connection.execute(EDITIONS, {"rows": rows, "periods": list(periods)})
    made = await connection.execute(
        "SELECT edition_id, organisation_id, period FROM editions JOIN datasets USING (dataset_id) ORDER BY 3, 2"
    )
    found = await made.fetchall()
    for edition_id, _, period in found:
        year, number = int(period[:4]), int(period[-1])
        start = f"{year + (number == 4)}-{(number * 3 + 1) if number < 4 else 1:02d}-01"
        values = {"edition": edition_id, "rows": rows, "start": start}
        await connection.execute(LINES, values)
        await connection.execute(DECISIONS, values)
    for table in ("spend_lines", "row_decisions"):
        await connection.execute(f"ANALYZE {table}")
    return found
