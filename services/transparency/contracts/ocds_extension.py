"""The Open Contracting extension that declares the additional fields of the register. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def extension_files(address: str) -> dict[str, Any]:
    """What declares our additional fields: the extension itself, and the part of the schema that it adds."""
    text = {"type": ["string", "null"]}

    def named(title: str, description: str, kind: Mapping[str, Any]) -> dict[str, Any]:
        return {"title": title, "description": description, **kind}

    value = {"$ref": "#/definitions/Value"}
    flag = {"type": ["boolean", "null"]}
    return {
        "extension.json": {
            "name": {"en": "Register of contracts"},
            "description": {"en": "What a United Kingdom contracts register says beside the core of the standard."},
            "documentationUrl": {"en": address},
            "compatibility": ["1.1"],
            "schemas": ["release-schema.json"],
        },
        "release-schema.json": {
            "definitions": {
                "Contract": {
                    "properties": {
                        "irrecoverableVAT": named(
                            "Irrecoverable VAT",
                            "Part of the value: VAT that the buyer cannot get back.",
                            value,
                        ),
                        "fixedCost": named(
                            "Fixed cost",
                            "Whether the value is fixed; else it is an estimate.",
                            flag,
                        ),
                        "valueBasis": named(
                            "Value basis", "`total` for the whole contract, `annual` for an estimated yearly sum.", text
                        ),
                        "contractType": named("Contract type", "Kind of agreement, as in the sector's schema.", text),
                        "registerStatus": named(
                            "Register status", "Status in the register, which also knows `expired`.", text
                        ),
                        "frameworkReference": named("Framework", "Reference of the framework it was let under.", text),
                        "grantReference": named("Grant", "Agreement and budget line it is paid from.", text),
                        "decisionReference": named("Decision", "Board decision behind it.", text),
                        "changeReason": named("Reason", "Why a correction was made or the contract ended.", text),
                        "paymentsNote": named("Payments", "Why no payments under it are shown.", text),
                    }
                },
                "Organization": {
                    "properties": {
                        "details": {
                            "properties": {
                                "sme": named("Small or medium", "Fewer than 250 staff.", flag),
                                "vcse": named("VCSE", "Voluntary, community or social enterprise.", flag),
                                "vcseType": named("VCSE type", "Kind of such a body, as in the guidance.", text),
                            }
                        }
                    }
                },
            }
        },
    }
