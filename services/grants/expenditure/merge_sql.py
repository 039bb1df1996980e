"""The statements of the merge, from staged lines to outcomes, ledger and held lines; `merge` says in which order.

Named parameters: batch, organisation, source, corrects, now, prefix, compared, same_bytes.
"""

from __future__ import annotations

# Stored lines are looked up by the key alone, which stands first in its index; organisation and source are compared
# with IS NOT DISTINCT FROM, which no index serves. Within one load the planner knows nothing of the rows just written,
# and an index on organisation and source looked as good to it as the right one: it then read the ledger for each line.

_OURS_E, _OURS_H, _OURS_X = (
    f"({alias}.organisation_id IS NOT DISTINCT FROM %(organisation)s"
    f" AND {alias}.source IS NOT DISTINCT FROM %(source)s)"
    for alias in ("e", "h", "x")
)

# A rule's fault comes first: such a line never entered anything, so a later sending of it is judged anew. What follows
# is placement: which quarter of the agreement the line is posted to (G-26, G-29). What the use rules said of a line
# (G-19) holds it in any quarter, and stands beside what else holds it.
_PLACED = """
    WHEN k.rule IS NOT NULL AND s.rule IS NULL THEN 'held'
    WHEN s.rule IS NOT NULL AND (s.post_to IS NULL OR k.use_reasons IS NOT NULL) THEN 'held'
    ELSE 'accepted'
"""
_PLACE_REASONS = """
    WHEN k.rule IS NOT NULL AND s.rule IS NULL THEN jsonb_build_array(jsonb_build_object(
        'code', 'outside_agreement_year', 'column', NULL,
        'detail', 'The day of service lies outside the year of the agreement that the profile names; take it in outside'
                  ' the agreement, or refuse it and give the rules of the profile their days.'))
    WHEN s.rule IS NOT NULL AND s.post_to IS NULL THEN jsonb_build_array(CASE WHEN s.closed
        THEN jsonb_build_object('code', 'year_closed', 'column', NULL,
            'detail', 'The year of its agreement is closed; take it in outside the agreement, or refuse it.')
        ELSE jsonb_build_object('code', 'no_open_quarter', 'column', NULL,
            'detail', 'Its quarter is locked and no quarter of the year is open; reopen one, then accept it.')
        END) || coalesce(k.use_reasons, '[]')
    WHEN s.rule IS NOT NULL THEN k.use_reasons
"""
# A line that was held before stays with that held line, whether the cause is gone or not: a person decides it, once.
_HELD_BEFORE = """jsonb_build_array(jsonb_build_object('column', NULL, 'held_line', k.held_id,
    'code', CASE WHEN k.decision IS NULL THEN 'held_before' ELSE 'decided_before' END,
    'detail', CASE WHEN k.decision IS NULL THEN 'It waits as a held line; decide that one.'
        ELSE 'It was held and decided (' || k.decision || '); see the held line for who and why.' END))
"""
_PLACEMENT = """
    s.agreement_id, s.line_code, s.post_to AS accounting_quarter, s.late_for
"""
_PLACES = """
    LEFT JOIN slots s ON s.rule = k.rule AND k.day BETWEEN s.from_day AND s.to_day
    LEFT JOIN rule_faults f ON f.rule = k.rule
"""
# Looked up one by one through the key's index, in the order of the key: a join might read the whole ledger instead.
_STORED = f"""
    LEFT JOIN LATERAL (
        SELECT e.entry_id, e.fingerprint FROM ledger_entries e
        WHERE {_OURS_E} AND e.line_key = k.line_key OFFSET 0
    ) e ON true
    LEFT JOIN LATERAL (
        SELECT h.id, h.fingerprint, (SELECT d.decision FROM held_decisions d WHERE d.held_line_id = h.id) AS decision
        FROM held_lines h WHERE {_OURS_H} AND h.line_key = k.line_key OFFSET 0
    ) h ON true
"""

# A stored line that is this one but for what a spreadsheet does to numbers: leading zeros, digits behind the
# fifteenth. Asked for only where such numbers stand in the file or in the ledger, and only of lines that are not known
# as they are; lines of the batch itself never count, so that a file may hold both.
_ALIKE_KEYED = """
    CASE WHEN e.entry_id IS NULL AND h.id IS NULL AND n = 1 THEN coalesce(
        (SELECT x.entry_id FROM ledger_entries x WHERE x.organisation_id = %(organisation)s AND x.source = %(source)s
            AND x.loose_key = k.loose AND x.payment_date = k.payment_date AND x.eligible_pence = k.eligible_pence
            AND x.line_key <> k.line_key AND x.batch_id <> %(batch)s LIMIT 1),
        (SELECT x.id FROM held_lines x WHERE x.organisation_id = %(organisation)s AND x.source = %(source)s
            AND x.loose_key = k.loose AND x.entry ->> 'payment_date' = k.payment_date::text
            AND x.entry ->> 'eligible_pence' = k.eligible_pence::text
            AND x.line_key <> k.line_key AND x.batch_id <> %(batch)s LIMIT 1),
        (SELECT x.entry_id FROM ledger_entries x WHERE {ours} AND x.line_key = k.loose AND k.loose <> k.line_key
            AND x.payment_date = k.payment_date AND x.eligible_pence = k.eligible_pence
            AND x.batch_id <> %(batch)s LIMIT 1)) END
""".replace("{ours}", _OURS_X)
_ALIKE_COUNTED = """
    CASE WHEN e.entry_id IS NULL AND h.id IS NULL THEN coalesce(
        (SELECT x.entry_id FROM ledger_entries x WHERE x.organisation_id = %(organisation)s AND x.source = %(source)s
            AND x.loose_key = k.loose AND left(x.line_key, 32) <> k.content AND x.batch_id <> %(batch)s LIMIT 1),
        (SELECT x.id FROM held_lines x WHERE x.organisation_id = %(organisation)s AND x.source = %(source)s
            AND x.loose_key = k.loose AND left(x.line_key, 32) <> k.content AND x.batch_id <> %(batch)s LIMIT 1),
        (SELECT x.entry_id FROM ledger_entries x WHERE {ours} AND x.line_key = k.loose || '#1' AND k.loose <> k.content
            AND x.batch_id <> %(batch)s LIMIT 1)) END
""".replace("{ours}", _OURS_X)
_ALIKE_REASONS = """
    WHEN k.alike IS NOT NULL THEN jsonb_build_array(jsonb_build_object('code', 'possible_duplicate', 'column', NULL,
        'alike', k.alike, 'detail', 'A line of an earlier file has the same day and amount, and its numbers are these '
            'but for what a spreadsheet takes away: leading zeros, or digits behind the fifteenth. Compare the two; '
            'accept this one where it is another payment.'))
        || CASE WHEN s.rule IS NOT NULL THEN coalesce(k.use_reasons, '[]') ELSE '[]' END
"""
ANY_ALIKE = """
SELECT EXISTS (SELECT FROM incoming WHERE loose_key IS NOT NULL)
    OR EXISTS (SELECT FROM ledger_entries WHERE organisation_id = %(organisation)s AND source = %(source)s
               AND loose_key IS NOT NULL)
    OR EXISTS (SELECT FROM held_lines WHERE organisation_id = %(organisation)s AND source = %(source)s
               AND loose_key IS NOT NULL)
"""
_NOT_ASKED = "NULL::uuid"

CREATE_JUDGED = """
CREATE TEMP TABLE judged (
    record bigint, amount_pence bigint, line_key text COLLATE "C", item_id text, entry_id uuid, held_id uuid,
    first_record bigint, agreement_id uuid, line_code text, accounting_quarter text, late_for text, outcome text,
    reasons jsonb
) ON COMMIT DROP
"""
_INTO_JUDGED = """
INSERT INTO judged (record, amount_pence, line_key, item_id, entry_id, held_id, first_record, agreement_id, line_code,
                    accounting_quarter, late_for, outcome, reasons)
"""

# How often each content stood in earlier slices of this file, whatever became of it there.
CREATE_SEEN = """
CREATE TEMP TABLE seen (fingerprint uuid, times bigint) ON COMMIT DROP;
CREATE INDEX ON seen (fingerprint)
"""
REMEMBER_SEEN = """
INSERT INTO seen SELECT fingerprint, count(*) FROM incoming WHERE reasons IS NULL GROUP BY fingerprint
"""
_OCCURRENCE = """
    row_number() OVER (PARTITION BY fingerprint ORDER BY record)
    + coalesce((SELECT sum(times)::bigint FROM seen WHERE seen.fingerprint = incoming.fingerprint), 0) AS n
"""

# Where a number was shortened to scientific notation, equal content of two files may be two payments: such a line of a
# file that is not the earlier one byte for byte is held, under a key that says how often its file holds it.
_JUDGE_COUNTED = f"""{_INTO_JUDGED}
WITH numbered AS MATERIALIZED (
    SELECT record, amount_pence, item_id, rule, use_reasons, coalesce(service_date, payment_date) AS day,
           replace(fingerprint::text, '-', '') AS content, n,
           coalesce(loose_key, replace(fingerprint::text, '-', '')) AS loose,
           'identity_shortened' = ANY(flags) AND NOT %(same_bytes)s AS shortened
    FROM (SELECT *, {_OCCURRENCE} FROM incoming WHERE reasons IS NULL) numbered
), k AS MATERIALIZED (
    SELECT *, content || CASE WHEN again THEN '~' ELSE '#' END || n AS line_key
    FROM (SELECT *, shortened AND (
            EXISTS (SELECT FROM ledger_entries x
                    WHERE {_OURS_X} AND x.line_key = content || '#' || n AND x.batch_id <> %(batch)s)
            OR EXISTS (SELECT FROM held_lines x
                       WHERE {_OURS_X} AND x.line_key = content || '#' || n AND x.batch_id <> %(batch)s)
        ) AS again FROM numbered) asked
), known AS (
    SELECT k.*, e.entry_id, h.id AS held_id, h.decision, {{alike}} AS alike,
        NOT again AND n > 1 AND (
            EXISTS (SELECT FROM ledger_entries x
                    WHERE {_OURS_X} AND x.line_key = k.content || '#1' AND x.batch_id <> %(batch)s)
            OR EXISTS (SELECT FROM held_lines x
                       WHERE {_OURS_X} AND x.line_key = k.content || '#1' AND x.batch_id <> %(batch)s)
        ) AS seen_before
    FROM k {_STORED}
)
SELECT k.record, k.amount_pence, k.line_key, k.item_id, k.entry_id, k.held_id, NULL, {_PLACEMENT},
    CASE WHEN f.rule IS NOT NULL THEN 'rejected'
         WHEN k.entry_id IS NOT NULL OR k.held_id IS NOT NULL THEN 'duplicate'
         WHEN k.seen_before OR k.again OR k.alike IS NOT NULL THEN 'held' {_PLACED} END AS outcome,
    CASE WHEN f.rule IS NOT NULL THEN f.reasons
         WHEN k.entry_id IS NOT NULL THEN NULL
         WHEN k.held_id IS NOT NULL THEN {_HELD_BEFORE}
         WHEN k.seen_before THEN jsonb_build_array(jsonb_build_object('code', 'possible_duplicate', 'column', NULL,
            'detail', 'An earlier batch holds this content fewer times; new, or sent again?'))
            || CASE WHEN s.rule IS NOT NULL THEN coalesce(k.use_reasons, '[]') ELSE '[]' END
         WHEN k.again THEN jsonb_build_array(jsonb_build_object('code', 'possible_duplicate', 'column', NULL,
            'detail', 'A number of the line was shortened to scientific notation, so that it cannot be told from a '
                      'line of an earlier file; compare the two, and accept this one where it is another payment.'))
            || CASE WHEN s.rule IS NOT NULL THEN coalesce(k.use_reasons, '[]') ELSE '[]' END
         {_ALIKE_REASONS} {_PLACE_REASONS}
    END AS reasons
FROM known k {_PLACES}
"""
JUDGE_COUNTED = _JUDGE_COUNTED.replace("{alike}", _NOT_ASKED)
JUDGE_COUNTED_ALIKE = _JUDGE_COUNTED.replace("{alike}", _ALIKE_COUNTED)

# Lines that mend rejected ones are new occurrences, also where the content is stored already; only what an earlier
# correction of the same batch brought in, or a correction of that one, counts as sent before. There can be as many of
# them as lines were rejected:
# content that is stored already and comes on top of that (the whole file was sent instead of its errors) is held.
JUDGE_CORRECTION = f"""{_INTO_JUDGED}
WITH RECURSIVE mending AS (
    SELECT id FROM expenditure_batches WHERE corrects = %(corrects)s
    UNION SELECT later.id FROM expenditure_batches later JOIN mending ON later.corrects = mending.id
), k AS MATERIALIZED (
    SELECT record, amount_pence, item_id, rule, use_reasons, coalesce(service_date, payment_date) AS day,
           replace(fingerprint::text, '-', '') AS content, {_OCCURRENCE}
    FROM incoming WHERE reasons IS NULL
), stored AS (
    SELECT c.content, count(x.line_key) AS stored, count(mending.id) AS mended
    FROM (SELECT DISTINCT content FROM k) c LEFT JOIN LATERAL (
        SELECT e.line_key, e.batch_id FROM ledger_entries e
        WHERE {_OURS_E} AND e.batch_id <> %(batch)s
            AND e.line_key > c.content || '#' AND e.line_key < c.content || '$'
            -- An accepted held line stands in both; it counts for the batch that it came with.
            AND NOT EXISTS (SELECT FROM held_lines x WHERE {_OURS_X} AND x.line_key = e.line_key)
        UNION ALL
        SELECT h.line_key, h.batch_id FROM held_lines h
        WHERE {_OURS_H} AND h.batch_id <> %(batch)s
            AND h.line_key > c.content || '#' AND h.line_key < c.content || '$'
    ) x ON true
    LEFT JOIN mending ON mending.id = x.batch_id
    GROUP BY c.content
), known AS (
    SELECT k.*, stored.stored, stored.mended FROM k JOIN stored ON stored.content = k.content
), room AS (
    SELECT (SELECT rejected_lines FROM expenditure_batches WHERE id = %(corrects)s)
        - (SELECT count(*) FROM ledger_entries e JOIN mending ON mending.id = e.batch_id) AS lines
), placed AS (
    SELECT k.*, k.content || '#' || (k.stored + k.n - k.mended) AS line_key,
        k.n > k.mended AND k.stored > 0 AND room.lines < row_number() OVER (
            PARTITION BY k.n > k.mended ORDER BY k.stored > 0, k.record
        ) AS surplus
    FROM known k CROSS JOIN room
)
SELECT k.record, k.amount_pence, k.line_key, k.item_id, NULL::uuid, NULL::uuid, NULL, {_PLACEMENT},
    CASE WHEN f.rule IS NOT NULL THEN 'rejected' WHEN k.n <= k.mended THEN 'duplicate'
         WHEN k.surplus THEN 'held' {_PLACED} END AS outcome,
    CASE WHEN f.rule IS NOT NULL THEN f.reasons WHEN k.n <= k.mended THEN NULL
         WHEN k.surplus THEN jsonb_build_array(jsonb_build_object('code', 'possible_duplicate', 'column', NULL,
            'detail', 'The ledger holds this content, and the batch that is mended had fewer lines rejected; send its '
                      'errors file, mended, and not the whole file.'))
            || CASE WHEN s.rule IS NOT NULL THEN coalesce(k.use_reasons, '[]') ELSE '[]' END {_PLACE_REASONS}
    END AS reasons
FROM placed k {_PLACES}
"""

_JUDGE_KEYED = f"""{_INTO_JUDGED}
WITH k AS MATERIALIZED (
    SELECT record, amount_pence, item_id, rule, use_reasons, coalesce(service_date, payment_date) AS day, line_key,
           coalesce(loose_key, line_key) AS loose, payment_date, eligible_pence, fingerprint,
           row_number() OVER in_file AS n, first_value(fingerprint) OVER in_file AS first_fingerprint,
           first_value(record) OVER in_file AS first_record
    FROM incoming WHERE reasons IS NULL WINDOW in_file AS (PARTITION BY line_key ORDER BY record)
), known AS (
    SELECT k.*, e.entry_id, h.id AS held_id, h.decision, {{alike}} AS alike,
        CASE WHEN e.entry_id IS NOT NULL THEN e.fingerprint WHEN h.id IS NOT NULL THEN h.fingerprint
             WHEN n > 1 THEN first_fingerprint END AS other
    FROM k {_STORED}
)
SELECT k.record, k.amount_pence, k.line_key, k.item_id, k.entry_id, k.held_id, k.first_record, {_PLACEMENT},
    CASE WHEN f.rule IS NOT NULL THEN 'rejected'
         WHEN k.other = k.fingerprint THEN 'duplicate'
         WHEN k.other IS NOT NULL THEN 'conflict'
         WHEN k.alike IS NOT NULL THEN 'held' {_PLACED} END AS outcome,
    CASE WHEN f.rule IS NOT NULL THEN f.reasons
         WHEN k.entry_id IS NULL AND k.held_id IS NOT NULL AND k.other = k.fingerprint THEN {_HELD_BEFORE}
         WHEN k.other IS NOT NULL THEN NULL {_ALIKE_REASONS} {_PLACE_REASONS} END AS reasons
FROM known k {_PLACES}
"""
JUDGE_KEYED = _JUDGE_KEYED.replace("{alike}", _NOT_ASKED)
JUDGE_KEYED_ALIKE = _JUDGE_KEYED.replace("{alike}", _ALIKE_KEYED)

# Fields are compared as they are stored, and only those that both versions of the profile read in the same way. Where
# none differs, only the layout had changed, and the line is the same.
NAME_DIFFERENCES = """
WITH differing AS (
    SELECT j.record, (
        SELECT array_agg(field ORDER BY field) FROM jsonb_array_elements_text(
            %(compared)s::jsonb -> coalesce(theirs.profile_version::text, %(version)s)) AS field
        WHERE to_jsonb(i) -> field IS DISTINCT FROM
              CASE WHEN j.entry_id IS NOT NULL THEN to_jsonb(e) -> field
                   WHEN j.held_id IS NOT NULL THEN h.entry -> field ELSE to_jsonb(first) -> field END
    ) AS fields
    FROM judged j
    JOIN incoming i ON i.record = j.record
    LEFT JOIN ledger_entries e ON e.entry_id = j.entry_id
    LEFT JOIN held_lines h ON h.id = j.held_id
    LEFT JOIN incoming first ON first.record = j.first_record
    LEFT JOIN expenditure_batches theirs ON theirs.id = coalesce(h.batch_id, e.batch_id)
    WHERE j.outcome = 'conflict'
)
UPDATE judged j SET
    outcome = CASE WHEN d.fields IS NULL THEN 'duplicate' ELSE 'conflict' END,
    reasons = CASE WHEN d.fields IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
        'code', 'content_differs', 'column', NULL, 'fields', to_jsonb(d.fields),
        'detail', 'The key is known with other content; nothing was overwritten. Differing: '
                  || array_to_string(d.fields, ', ') || '. Correct the stored entry, or the key.')) END
FROM differing d WHERE d.record = j.record
"""

ANY_REJECTED = """
SELECT EXISTS (SELECT FROM incoming WHERE reasons IS NOT NULL) OR EXISTS (SELECT FROM judged WHERE outcome = 'rejected')
"""

REJECT_ALL = """
UPDATE judged SET outcome = 'rejected', entry_id = NULL, reasons = CASE WHEN outcome = 'rejected' THEN reasons
    ELSE jsonb_build_array(jsonb_build_object('code', 'batch_rejected', 'column', NULL,
        'detail', %(because)s::text)) END
"""

# A file that was taken in before under another name: whatever would enter waits for a person.
HOLD_ALL = """
UPDATE judged SET outcome = 'held', reasons = jsonb_build_array(jsonb_build_object(
    'code', 'sent_before', 'column', NULL, 'detail', %(sent_before)s::text)) || coalesce(reasons, '[]')
WHERE outcome IN ('accepted', 'held')
"""

INSERT_ENTRIES = f"""
WITH items AS MATERIALIZED (
    SELECT item_id, (SELECT max(line_no) FROM ledger_entries x WHERE {_OURS_X} AND x.item_id = d.item_id) AS last_no
    FROM (SELECT DISTINCT item_id FROM judged WHERE outcome = 'accepted' AND item_id IS NOT NULL) d
), positions AS (
    SELECT j.record, coalesce(last_no, 0) + row_number() OVER (PARTITION BY j.item_id ORDER BY j.record) AS line_no
    FROM judged j JOIN items USING (item_id) WHERE j.outcome = 'accepted'
)
INSERT INTO ledger_entries (
    entry_id, organisation_id, source, batch_id, record, line, line_key, fingerprint, item_id, line_no, kind,
    ledger_class, party_key, party_kind, party_name, company_number, charity_number, vcse, unit, category, purpose,
    card, contract_ref, service_date, invoice_date, payment_date, date_basis, net_pence, vat_pence,
    recoverable_vat_pence, irrecoverable_vat_pence, amount_basis, eligible_pence, agreement_id, line_code,
    accounting_quarter, late_for, decision_ref, use_codes, use_exception, beneficiary_gss, credit_of, source_redacted,
    flags, loose_key, recorded_at)
SELECT (%(prefix)s || lpad(to_hex(i.record), 8, '0'))::uuid, %(organisation)s, %(source)s, %(batch)s, i.record, i.line,
    j.line_key, i.fingerprint, coalesce(i.item_id, md5(%(source)s || '|' || j.line_key)), coalesce(p.line_no, 1),
    i.kind, i.ledger_class, i.party_key, i.party_kind, i.party_name, i.company_number, i.charity_number, i.vcse,
    i.unit, i.category, i.purpose, i.card, i.contract_ref, i.service_date, i.invoice_date, i.payment_date, i.date_basis,
    i.net_pence, i.vat_pence, i.recoverable_vat_pence, i.irrecoverable_vat_pence, i.amount_basis, i.eligible_pence,
    j.agreement_id, j.line_code, j.accounting_quarter, j.late_for, i.decision_ref, i.use_codes, i.use_exception,
    i.beneficiary_gss, i.credit_of, i.source_redacted, i.flags, i.loose_key, %(now)s
FROM incoming i JOIN judged j ON j.record = i.record LEFT JOIN positions p ON p.record = i.record
WHERE j.outcome = 'accepted'
"""

INSERT_HELD = """
INSERT INTO held_lines (id, organisation_id, source, batch_id, record, line, line_key, loose_key, fingerprint,
                        amount_pence, reasons, entry, held_at)
SELECT (%(prefix)s || lpad(to_hex(i.record), 8, '0'))::uuid, %(organisation)s, %(source)s, %(batch)s, i.record, i.line,
    j.line_key, i.loose_key, i.fingerprint, i.amount_pence, j.reasons,
    to_jsonb(i) - ARRAY['reasons', 'use_reasons', 'rule', 'record', 'line', 'line_key', 'loose_key', 'fingerprint',
                        'amount_pence']
        || jsonb_build_object('item_id', coalesce(i.item_id, md5(%(source)s || '|' || j.line_key)),
                              'agreement_id', j.agreement_id, 'line_code', j.line_code, 'late_for', j.late_for,
                              'outside_year', i.rule IS NOT NULL AND j.agreement_id IS NULL),
    %(now)s
FROM incoming i JOIN judged j ON j.record = i.record WHERE j.outcome = 'held'
"""

INSERT_REJECTED = """
INSERT INTO expenditure_batch_lines (batch_id, record, line, outcome, amount_pence, reasons)
SELECT %(batch)s, record, line, 'rejected', amount_pence, reasons FROM incoming WHERE reasons IS NOT NULL
"""

INSERT_OTHERS = """
INSERT INTO expenditure_batch_lines (batch_id, record, line, outcome, amount_pence, line_key, entry_id, reasons)
SELECT %(batch)s, i.record, i.line, j.outcome, i.amount_pence, j.line_key,
    coalesce(j.entry_id, CASE WHEN f.outcome = 'accepted' AND j.outcome IN ('conflict', 'duplicate')
        THEN (%(prefix)s || lpad(to_hex(f.record), 8, '0'))::uuid END), j.reasons
FROM incoming i JOIN judged j ON j.record = i.record LEFT JOIN judged f ON f.record = j.first_record
WHERE j.outcome <> 'accepted'
"""

COUNT = """
SELECT outcome, count(*) AS lines, coalesce(sum(amount_pence), 0) AS pence FROM judged GROUP BY outcome
UNION ALL
SELECT 'rejected', count(*), coalesce(sum(amount_pence), 0) FROM incoming WHERE reasons IS NOT NULL
"""

COUNT_FLAGS = """
SELECT flag, count(*) AS lines FROM judged JOIN incoming USING (record), unnest(flags) AS flag
WHERE outcome = 'accepted' AND flags <> '{}' GROUP BY flag ORDER BY flag
"""
