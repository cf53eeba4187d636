from registry import errors
from registry.errors import (
    WIRE_ERRORS,
    IncompatibleSchema,
    NotFound,
    RegistryError,
    StoreError,
    Unprocessable,
    WireProfile,
    find_wire_error,
)

NOT_ON_THE_WIRE = {
    RegistryError,
    NotFound,
    Unprocessable,
    errors.DecodeError,
    errors.EncodeError,
    errors.AmbiguousFieldError,
    errors.RegistryUnreachable,
    errors.RefusedForm,
    errors.RefusedSql,
}


def test_every_error_class_has_a_code_or_a_reason_for_none():
    """Each error class is in the wire table or named here as one that never travels."""
    classes = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, RegistryError)
    }
    assert classes == set(WIRE_ERRORS) | NOT_ON_THE_WIRE


def test_codes_are_unique_and_start_with_their_status():
    """No two errors share a code, and Confluent's codes begin with the status they travel on."""
    codes = [wire.code for wire in WIRE_ERRORS.values()]
    assert len(codes) == len(set(codes))
    for error, wire in WIRE_ERRORS.items():
        expected = 422 if error is errors.SchemaTooLarge else wire.status
        assert str(wire.code).startswith(str(expected))


def test_profile_chooses_the_code_of_an_incompatible_schema():
    """409 by default, 40901 in the profile of Confluent 8; the status is 409 in both."""
    error = IncompatibleSchema(["{why}"], "s")
    assert find_wire_error(error).code == 409
    assert find_wire_error(error, WireProfile.CP8).code == 40901
    assert find_wire_error(error, WireProfile.CP8).status == 409


def test_an_error_without_row_travels_as_store_error():
    """What nobody foresaw is 50001, never something a client cannot parse."""
    assert find_wire_error(RegistryError("?")) == WIRE_ERRORS[StoreError]
