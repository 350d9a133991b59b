"""From the text that Pulumi passes to checked settings: reads every key, judges every rule, and reports all at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from region import Region, region_problem
from settings.errors import ConfigurationError
from settings.fields import UNSET, list_from_json
from settings.messages import is_list, sentence
from settings.presets import STANDARD, other_maximums, preset_values
from settings.provider import default_tag_problems, provider_problems
from settings.secret_placeholders import with_placeholders
from settings.sections import (
    FIELDS,
    NAMESPACE,
    SECRETS,
    SECTIONS,
    access,
    adopted,
    alarms,
    corporate,
    cvat,
    data,
    https,
    inference,
    network,
    oidc,
    services,
    sleep,
    stack,
    waf,
)
from settings.sections.section import InvalidKeyError, Section
from settings.settings import Settings
from settings.stack_file import Configuration

RULES: tuple[Callable[[Settings], Iterable[str]], ...] = (
    lambda s: stack.protection(s.stack),
    lambda s: stack.tag_names(s.stack),
    lambda s: network.adoption(s.network, internal=s.access.internal),
    lambda s: network.isolation(s.network, internal=s.access.internal, login=bool(s.oidc.login)),
    lambda s: network.zones(s.network),
    lambda s: network.subnets(s.network, s.addresses(interactive=1)),
    lambda s: corporate.authorities(s.corporate),
    lambda s: corporate.exceptions(s.corporate),
    lambda s: corporate.variables(s.corporate, s.services),
    lambda s: services.fargate_size("server", s.services.server),
    lambda s: services.fargate_size("ui", s.services.ui),
    lambda s: services.fargate_size("gateway", s.services.gateway),
    lambda s: services.fargate_size("worker", s.services.worker),
    lambda s: services.maximum("server", s.services.server),
    lambda s: services.maximum("ui", s.services.ui),
    lambda s: services.maximum("gateway", s.services.gateway),
    lambda s: services.maximum("worker", s.services.worker),
    lambda s: services.maximum("annotationWorker", s.services.annotation_worker),
    lambda s: services.fargate_size("chunks", s.services.chunks),
    lambda s: services.maximum("chunks", s.services.chunks),
    lambda s: services.variable_names(s.services),
    lambda s: services.secret_addresses(s.services),
    lambda s: services.some_worker("worker", s.services.worker),
    lambda s: services.some_worker("annotationWorker", s.services.annotation_worker),
    lambda s: data.database_class(s.data, s.region),
    lambda s: data.node_type(s.data, s.region),
    lambda s: inference.instance_type(s.inference, s.region),
    lambda s: inference.maximum(s.inference),
    lambda s: inference.recreated_endpoints(s.inference),
    lambda s: inference.shared_batch_archives(s.inference),
    lambda s: data.storage(s.data),
    lambda s: data.database_backups(s.data, s.stack),
    lambda s: data.restore_points(s.data, s.stack),
    lambda s: access.ports(s.access, s.https),
    lambda s: access.someone_allowed(s.access),
    lambda s: access.allowed_ranges(s.access, s.https, s.canary_addresses),
    lambda s: access.admin_ranges(s.access),
    lambda s: https.one_certificate(s.https),
    lambda s: https.certificate_and_key(s.https, s.access.host_name),
    lambda s: access.names(s.access, s.https),
    lambda s: access.requested_name(s.access, s.https),
    lambda s: waf.unused_keys(s.waf),
    lambda s: waf.rate_limit(s.waf),
    lambda s: waf.trusted_ranges(s.waf),
    lambda s: waf.something_to_do(s.waf),
    lambda s: oidc.all_or_nothing(s.oidc),
    lambda s: oidc.token_bypass(s.oidc),
    lambda s: oidc.https_only(s.oidc, s.https),
    lambda s: alarms.one_topic(s.alarms),
    lambda s: alarms.canary_and_login(s.alarms, s.oidc),
    lambda s: sleep.time_zone(s.sleep),
    lambda s: sleep.mode(s.sleep),
    lambda s: inference.scaling_and_office_hours(s.inference, s.sleep),
    lambda s: data.backups_by_day(s.data, s.hours),
    lambda s: cvat.upgrade(s.cvat, s.restore, s.adopted),
    lambda s: adopted.database(s.adopted, s.network, s.restore),
    lambda s: adopted.files(s.adopted, s.network),
    lambda s: adopted.balancer(s.adopted, s.network, s.waf),
)
"""Rules that hold between keys, or between a key and the region. Each yields sentences: key, value, rule, remedy."""

WARNINGS: tuple[Callable[[Settings], Iterable[str]], ...] = (
    lambda s: [s.region.lacks] if s.region.lacks and not s.network.vpc_id else (),
    lambda s: access.icp_warning(s.access, s.https, s.region.name) if s.region.is_china else (),
    lambda s: access.plain_http_warning(s.access, s.https),
    lambda s: access.host_name_warning(s.access, s.https),
    lambda s: https.expiry_warning(s.https),
    lambda s: access.nat_warning(s.access, s.network) if s.canary else (),
)
"""What is allowed, but an operator should know before the deployment."""


def load(config: Mapping[str, Any], encrypted: Collection[str] | None = None) -> Settings:
    """Check a stack's whole configuration (`{"cvat:vpcCidr": "10.0.0.0/16", "aws:region": ...}`).

    `encrypted` are the keys whose values the stack's file holds encrypted; None where that is unknown. Raises
    ConfigurationError that names every key, value (but no secret one), rule and remedy.
    """
    own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    problems = [*_unknown(own), *(_in_clear(own, encrypted) if encrypted is not None else ())]
    region, wrong = _region(config.get("aws:region"))
    problems += [*wrong, *provider_problems(config), *default_tag_problems(config)]
    settings, wrong = _read(own, region)
    problems += [*wrong, *_repeated(own)]
    for rule in RULES:
        problems += _judged(rule, settings)
    if problems:
        raise ConfigurationError(problems)
    return settings


def load_configuration(configuration: Configuration) -> Settings:
    """Check a stack's file without Pulumi, with placeholders for encrypted values.

    Raises ConfigurationError with all that the program finds, and what the Pulumi CLI refuses before it starts the
    program, so that an operator corrects both in one go.
    """
    readable, problems = with_placeholders(configuration), []
    try:
        settings = load(readable.values, readable.secrets)
    except ConfigurationError as error:
        problems = error.problems
    named = {problem.partition(" ")[0].partition("[")[0] for problem in problems}
    problems = [*(sentence for key, sentence in configuration.refused.items() if key not in named), *problems]
    if problems:
        raise ConfigurationError(problems)
    return settings


def _region(name: Any) -> tuple[Region | None, list[str]]:
    """The region, if it exists, and what is wrong with its name."""
    if not name:
        return None, [
            "aws:region is missing: it decides where everything is created. Set it in the stack file, or with: pulumi "
            "config set aws:region cn-northwest-1"
        ]
    problem = region_problem(str(name))
    return (None, [problem]) if problem else (Region(str(name)), [])


def warnings(settings: Settings) -> Iterator[str]:
    """What is allowed, but an operator should know before the deployment."""
    for warning in WARNINGS:
        yield from warning(settings)


def _judged(rule: Callable[[Settings], Iterable[str]], settings: Settings) -> Iterator[str]:
    """What a rule says; nothing more from the moment at which it reads a key whose value is wrong."""
    try:
        yield from rule(settings)
    except InvalidKeyError:
        return


def _read(own: Mapping[str, Any], region: Region | None) -> tuple[Settings, list[str]]:
    """All sections, and what is wrong with single values. A rule that reads one of those raises InvalidKeyError."""
    stack_section, problems = _section(stack.Stack, own, STANDARD, region)
    try:
        preset, is_known = preset_values(stack_section), True
    except InvalidKeyError:
        preset, is_known = STANDARD, False
    sections: dict[str, Any] = {"stack": stack_section}
    for section in SECTIONS[1:]:
        sections[section.__name__.lower()], wrong = _section(section, own, preset, region, is_known=is_known)
        problems += wrong
    return Settings(**sections, known_region=region), problems


def _section(
    section: type[Section],
    own: Mapping[str, Any],
    preset: Mapping[str, Any],
    region: Region | None,
    *,
    is_known: bool = True,
) -> tuple[Any, list[str]]:
    """A section from its keys, those of the preset where the configuration sets none; and what is wrong with it."""
    aliases = {str(field.alias): name for name, field in section.model_fields.items()}
    decided = {alias for alias, name in aliases.items() if name in preset}
    configured = {
        key: value for key, value in own.items() if key in aliases and not (key in decided and value in UNSET)
    }
    defaults = {alias: preset[aliases[alias]] for alias in decided}
    invalid = set() if is_known else {aliases[alias] for alias in decided - configured.keys()}
    problems: list[str] = []
    try:
        read = section.model_validate(defaults | configured, context=region)
    except ValidationError as error:
        problems = [sentence(detail, configured, region) for detail in error.errors()]
        wrong = {str(detail["loc"][0]) for detail in error.errors()}
        invalid |= {aliases[alias] for alias in wrong}
        right = {key: value for key, value in configured.items() if key not in wrong}
        read = section.model_validate(defaults | right, context=region)
    fields = {aliases[key] for key in configured} - invalid
    read = read.model_copy(update=other_maximums(read, fields, hours=own.get("officeHours", "") not in UNSET))
    for name in invalid:
        del read.__dict__[name]
    return read, problems


def _unknown(own: Mapping[str, Any]) -> Iterator[str]:
    for key in own:
        if key not in FIELDS:
            near = difflib.get_close_matches(key, FIELDS, n=1)
            guess = f"Did you mean {NAMESPACE}:{near[0]}?" if near else "docs/configuration.md lists all settings."
            remedy = f"Remove it from the stack file, or with: pulumi config rm {NAMESPACE}:{key}"
            yield f"{NAMESPACE}:{key} is not a setting. {guess} {remedy}"


def _repeated(own: Mapping[str, Any]) -> Iterator[str]:
    """Entries of a list that are in it already: nothing is gained by them, and AWS refuses most."""
    for key in (key for key in own if key in FIELDS and is_list(key)):
        try:
            entries = list_from_json(own[key])
        except ValueError:
            continue
        for index, entry in enumerate(entries):
            if (first := entries.index(entry)) < index:
                yield (
                    f"{NAMESPACE}:{key}[{index}] = {entry!r}: it is in the list already, as entry {first}. Remove it "
                    f"from the stack file, or with: pulumi config rm --path '{NAMESPACE}:{key}[{index}]'"
                )


def _in_clear(own: Mapping[str, Any], encrypted: Collection[str]) -> Iterator[str]:
    for key in sorted(SECRETS & own.keys()):
        if own[key] and f"{NAMESPACE}:{key}" not in encrypted:
            yield (
                f"{NAMESPACE}:{key} is in clear in the stack's file, where anybody can read it. Consider it lost: "
                f"get a new one, and set it with: pulumi config set --secret {NAMESPACE}:{key}"
            )
