"""Governance: the boards' record, and the proof that papers and minutes came out in time.

Owns       boards and their dated rules, persons and memberships, meetings, agendas and open papers, the closed store of
           Part 2, attendance, minutes with decisions and actions, declarations, paper offers, import findings.
Commands   boards/      create_board, change_board, add_rule_set, end_rule_set, add_closed_day
           people/      create_person, add_alias, merge_person, add_membership, end_membership, import_roster
           meetings/    create_meeting, move_meeting (schedule, move, postpone, hold, cancel)
           agendas/     draft_agenda, replace_draft, agree_urgency, add_item, publish_agenda_version
           reports/     add_report, change_report, sign_off
           packs/       publish_pack (main pack, supplements)
           closed/      keep_closed_item, add_closed_report, keep_closed_minutes, keep_closed_declaration
           registers/   import_register (settle_cells, attach_person, attach_column follow from findings)
           attendance/  record_attendance, compare_with_note
           minutes/     enter_minutes, replace_minutes, publish_draft, approve
           actions/     add_progress
           declarations/  declare
           offers/      decide_offer
           findings/    resolve_finding
Publishes  MeetingScheduled, AgendaPublished, PapersPublished, MinutesPublished, MinutesApproved, DecisionRecorded,
           ActionAssigned, ActionProgressed
Reacts to  grants OrganisationRegistered (local copy), OutturnRecorded; deliverables PerformanceReportPublished;
           transparency ObligationMet, ObligationMissed (papers and compliance items offered for the next meeting)
Tables     each folder's tables.py; tables.py lists them all. READ_MODELS: organisations.

Rules bind by date and are data (`rule_sets`, `closed_days`), never code. Deadlines are pure functions in `deadlines/`.
What was heard in Part 2 lives in `closed/` alone: public documents are built from open tables, so nothing needs to be
taken out of them. Imports repair nothing: each oddity becomes a finding that a person accepts or dismisses.
"""
