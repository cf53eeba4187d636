"""The relay of one instance."""

from __future__ import annotations

from cdc.config import Settings
from cdc.errors import ConfigError
from cdc.evolution.lock import LockFolder
from cdc.govern import Governor, PolicyFolder
from cdc.kafka.client import KafkaAccess
from cdc.keys import load_keys
from cdc.privacy.plan import require_keys
from cdc.relay import Kernels, PatientPrograms, Ports, Relay
from cdc.telemetry.logs import get_log
from registry.client import RegistryClient

DEAD_LETTER_KEY = "dlq"
_LOG = get_log("cdc.app")


def build_relay(settings: Settings, instance: int) -> Relay:
    """One relay instance.

    Raises:
        ConfigError: policies or keys are missing or malformed.
    """
    keys = load_keys(settings.privacy_keys)
    if DEAD_LETTER_KEY not in keys:
        raise ConfigError(
            f"{settings.privacy_keys}: key `{DEAD_LETTER_KEY}` is missing:"
            " it seals the originals of dead letters"
        )
    folder = PolicyFolder(settings.policies.dir, _report_policy)
    require_keys(folder.policies, keys)
    lock = LockFolder(settings.policies.lock, is_binding=settings.relay.evolution == "locked")
    registry = RegistryClient(settings.registry_url)
    kafka = KafkaAccess.of(settings)
    kernels = Kernels(settings.cache_dir / "kernels")
    if settings.relay.path == "auto":
        kernels.load()
    ports = Ports(
        source=kafka.source(settings.relay, instance),
        sink=kafka.sink(settings.relay, instance),
        topics=kafka.topics(),
        reader=kafka.reader(),
        programs=PatientPrograms(
            Governor(folder, keys, registry, settings.relay.namespace, lock=lock, kernels=kernels)
        ),
        cipher=keys[DEAD_LETTER_KEY],
    )
    return Relay(settings.relay, instance, ports)


def _report_policy(error: ConfigError) -> None:
    _LOG.error(
        "policy_refused",
        message=error.message,
        hint=f"{error.hint or 'mend it'}; until then the policies before it stay in force",
    )
