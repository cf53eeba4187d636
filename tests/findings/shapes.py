"""What SARIF 2.1.0 and JUnit's readers demand of the elements that we write, as schemas.

Written from the SARIF specification (OASIS, sections 3.13 to 3.30) and from the elements that
Jenkins, GitLab and GitHub's reporters share; nothing else is allowed.
"""

from typing import Any

import xmlschema
from jsonschema import Draft7Validator


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_MESSAGE = _object("text", text={"type": "string", "minLength": 1}, markdown=_TEXT)
_LINE = {"type": "integer", "minimum": 1}
_REGION = _object(
    "startLine",
    startLine=_LINE,
    startColumn=_LINE,
    endLine=_LINE,
    endColumn=_LINE,
    snippet=_object("text", text=_TEXT),
)
_PLACE = _object(
    "artifactLocation",
    artifactLocation=_object(
        "uri", uri={"type": "string", "pattern": r"^[A-Za-z0-9._~/%!$&'()*+,;=@-]+$"}
    ),
    region=_REGION,
    contextRegion=_REGION,
)
_PLACE["dependencies"] = {"contextRegion": ["region"]}
_RESULT = _object(
    "message ruleId ruleIndex",
    ruleId={"type": "string", "minLength": 1},
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=_MESSAGE,
    partialFingerprints={"type": "object", "additionalProperties": _TEXT, "minProperties": 1},
    properties={"type": "object"},
    suppressions={
        "type": "array",
        "items": _object("kind", kind={"enum": ["inSource", "external"]}, justification=_TEXT),
    },
    locations={"type": "array", "items": _object("physicalLocation", physicalLocation=_PLACE)},
)
_RULE = _object("id", id={"type": "string", "minLength": 1}, shortDescription=_MESSAGE)
_RUN = _object(
    "tool",
    tool=_object(
        "driver",
        driver=_object(
            "name",
            name={"type": "string", "minLength": 1},
            rules={"type": "array", "items": _RULE, "uniqueItems": True},
        ),
    ),
    automationDetails=_object("id", id=_TEXT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": _RESULT},
)
SARIF = Draft7Validator(
    _object(
        "version runs",
        **{"$schema": {"type": "string", "format": "uri"}},
        version={"const": "2.1.0"},
        runs={"type": "array", "items": _RUN},
    )
)

JUNIT = xmlschema.XMLSchema("""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attributeGroup name="counts">
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
    <xs:attribute name="name" type="xs:string" use="required"/>
  </xs:attributeGroup>
  <xs:complexType name="failure">
    <xs:simpleContent>
      <xs:extension base="xs:string">
        <xs:attribute name="type" type="xs:string" use="required"/>
        <xs:attribute name="message" type="xs:string"/>
      </xs:extension>
    </xs:simpleContent>
  </xs:complexType>
  <xs:complexType name="testcase">
    <xs:sequence>
      <xs:element name="failure" type="failure" minOccurs="0"/>
      <xs:element name="system-out" type="xs:string" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="classname" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="testsuite">
    <xs:sequence>
      <xs:element name="testcase" type="testcase" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attributeGroup ref="counts"/>
  </xs:complexType>
  <xs:element name="testsuites">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="testsuite" type="testsuite" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:attributeGroup ref="counts"/>
    </xs:complexType>
  </xs:element>
</xs:schema>""")
