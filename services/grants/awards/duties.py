"""What a body takes on with the grant handed on to it, each duty with the paragraphs it comes from (G-22)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Duty:
    code: str
    text: str
    paragraphs: str


DUTIES = (
    Duty("no_lobbying", "No grant for lobbying, nor for the other uses that are not allowed", "MoU para 22"),
    Duty("performance_monitoring", "Performance is monitored against outcomes and budget", "MoU para 23"),
    Duty("data_protection", "Openness that complies with data protection", "MoU paras 15-16"),
    Duty("no_blanket_confidentiality", "Commercial confidentiality alone withholds nothing", "MoU para 17"),
    Duty("information_requests", "Requests for information are answered voluntarily", "MoU paras 18-19"),
    Duty("publication", "Contracts and spend are published", "MoU paras 10, 17, 29-30"),
    Duty("cooperation", "Risks to performance are found early and told, together with others", "MoU para 31"),
)
DUTY_OF = {duty.code: duty for duty in DUTIES}
