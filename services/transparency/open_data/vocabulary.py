"""The words of the catalogue: a JSON-LD context for DCAT 3 that names its members as Project Open Data does."""

from __future__ import annotations

from typing import Any

IANA = "https://www.iana.org/assignments/media-types/"
EU = "http://publications.europa.eu/resource/authority"
DCAT_AP = "http://data.europa.eu/r5r/"

CONTEXT: dict[str, Any] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pod": "https://project-open-data.cio.gov/v1.1/schema#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
    "title": {"@id": "dct:title", "@language": "en"},
    "description": {"@id": "dct:description", "@language": "en"},
    "keyword": {"@id": "dcat:keyword", "@language": "en"},
    "identifier": "dct:identifier",
    "version": "dcat:version",
    "versionNotes": {"@id": "adms:versionNotes", "@language": "en"},
    "issued": {"@id": "dct:issued", "@type": "xsd:dateTime"},
    "modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
    "language": {"@id": "dct:language", "@type": "@id"},
    "license": {"@id": "dct:license", "@type": "@id"},
    "theme": {"@id": "dcat:theme", "@type": "@id"},
    "themeTaxonomy": {"@id": "dcat:themeTaxonomy", "@type": "@id"},
    "spatial": {"@id": "dct:spatial", "@type": "@id"},
    "accrualPeriodicity": {"@id": "dct:accrualPeriodicity", "@type": "@id"},
    "accessRights": {"@id": "dct:accessRights", "@type": "@id"},
    "accessLevel": "pod:accessLevel",
    "homepage": {"@id": "foaf:homepage", "@type": "@id"},
    "landingPage": {"@id": "dcat:landingPage", "@type": "@id"},
    "page": {"@id": "foaf:page", "@type": "@id"},
    "publisher": {"@id": "dct:publisher", "@type": "@id"},
    "name": {"@id": "foaf:name", "@language": "en"},
    "contactPoint": {"@id": "dcat:contactPoint", "@type": "@id"},
    "fn": "vcard:fn",
    "hasURL": {"@id": "vcard:hasURL", "@type": "@id"},
    "temporal": {"@id": "dct:temporal", "@type": "@id"},
    "startDate": {"@id": "dcat:startDate", "@type": "xsd:date"},
    "endDate": {"@id": "dcat:endDate", "@type": "xsd:date"},
    "conformsTo": {"@id": "dct:conformsTo", "@type": "@id"},
    "dataset": {"@id": "dcat:dataset", "@type": "@id"},
    "service": {"@id": "dcat:service", "@type": "@id"},
    "distribution": {"@id": "dcat:distribution", "@type": "@id"},
    "hasVersion": {"@id": "dcat:hasVersion", "@type": "@id"},
    "hasCurrentVersion": {"@id": "dcat:hasCurrentVersion", "@type": "@id"},
    "isVersionOf": {"@id": "dcat:isVersionOf", "@type": "@id"},
    "replaces": {"@id": "dct:replaces", "@type": "@id"},
    "previousVersion": {"@id": "dcat:previousVersion", "@type": "@id"},
    "accessURL": {"@id": "dcat:accessURL", "@type": "@id"},
    "downloadURL": {"@id": "dcat:downloadURL", "@type": "@id"},
    "mediaType": {"@id": "dcat:mediaType", "@type": "@vocab", "@context": {"@vocab": IANA}},
    "compressFormat": {"@id": "dcat:compressFormat", "@type": "@vocab", "@context": {"@vocab": IANA}},
    "format": {"@id": "dct:format", "@type": "@vocab", "@context": {"@vocab": f"{EU}/file-type/"}},
    "byteSize": {"@id": "dcat:byteSize", "@type": "xsd:nonNegativeInteger"},
    "checksum": {"@id": "spdx:checksum", "@type": "@id"},
    "algorithm": {"@id": "spdx:algorithm", "@type": "@id"},
    "checksumValue": {"@id": "spdx:checksumValue", "@type": "xsd:hexBinary"},
    "describedBy": {"@id": "pod:describedBy", "@type": "@id"},
    "endpointURL": {"@id": "dcat:endpointURL", "@type": "@id"},
    "endpointDescription": {"@id": "dcat:endpointDescription", "@type": "@id"},
    "servesDataset": {"@id": "dcat:servesDataset", "@type": "@id"},
    "hasQualityMeasurement": {"@id": "dqv:hasQualityMeasurement", "@type": "@id"},
    "isMeasurementOf": {"@id": "dqv:isMeasurementOf", "@type": "@id"},
    "value": "dqv:value",
    "wasDerivedFrom": {"@id": "prov:wasDerivedFrom", "@type": "@id"},
    "isReferencedBy": {"@id": "dct:isReferencedBy", "@type": "@id"},
}
"""Members that both know keep the Project Open Data name; where the two differ in form, such as in `temporal`, DCAT's
form is used."""

FREQUENCIES = {
    "quarter": f"{EU}/frequency/QUARTERLY",
    "half": f"{EU}/frequency/ANNUAL_2",
    "year": f"{EU}/frequency/ANNUAL",
}

FORMATS = {"text/csv": "CSV", "application/json": "JSON", "text/plain": "TXT", "application/gzip": "GZIP"}
"""Media type → name in the table of file types."""

ENGLISH = f"{EU}/language/ENG"
PUBLIC = f"{EU}/access-right/PUBLIC"
GOVERNMENT = f"{EU}/data-theme/GOVE"
THEMES = f"{EU}/data-theme"
UNITED_KINGDOM = f"{EU}/country/GBR"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
CSVW = "http://www.w3.org/ns/csvw"
TABLE_SCHEMA = "https://specs.frictionlessdata.io/table-schema/"
GIVING = "https://standard.threesixtygiving.org/en/1.4/"
