"""What Pulumi and AWS know before any resource exists: settings, account, zones, model archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from components.context import StackContext
from components.network import endpoint_services
from components.network.endpoint_services import InterfaceEndpoint
from components.running_stack import running_stack
from region import Region
from settings import Settings, base_images, load
from settings.addresses import AddressDemand
from settings.errors import ConfigurationError, SettingsError
from settings.functions import (
    Archive,
    Deployable,
    LocalArchive,
    batch_endpoints,
    deployable,
    local_archives,
    of_class_batch,
    read_functions,
    stored_archives,
)
from settings.ingress_options import IngressOptions
from settings.provider import default_tags
from settings.running_stack import RunningStack, check_running_stack, storage_warning
from settings.sections.inference import Inference
from settings.sections.network import Network, subnets
from settings.shared_archive import put_together
from settings.values import StackPolicy
from settings.zones import Zone, choose_zones

REGISTRY = Path("serverless/functions")


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Passes what is wrong with the settings to Pulumi as RunError, of which it shows the message only."""
    try:
        yield
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None


@_without_traceback()
def settings() -> Settings:
    """The stack's settings. Pulumi's own interface only answers for keys that are known already."""
    values = {**get_config_env(), **CONFIG.get()}
    return load(values, {key for key in values if is_config_secret(key)})


def stack_context(region: Region, policy: StackPolicy) -> StackContext:
    """The account, the region and the stack, with what the settings ask of all its resources."""
    project, stack, account = pulumi.get_project(), pulumi.get_stack(), aws.get_caller_identity().account_id
    return StackContext(
        region=region,
        account=account,
        stack=stack,
        release=policy.release,
        protect=policy.protect,
        tags=policy.tags(project, stack),
        default_tags=default_tags(CONFIG.get()),
        key_arn=policy.key_arn,
        profile=pulumi.Config("aws").get("profile"),
        proxy=policy.proxy,
        own_authorities=policy.own_authorities,
        asleep=policy.asleep,
        hours=policy.hours,
    )


@_without_traceback()
def running(context: StackContext, settings: Settings) -> RunningStack:
    """What the account has of the stack. Refuses settings that AWS cannot bring about on it."""
    stack = running_stack(context)
    check_running_stack(settings, stack)
    warn(storage_warning(settings, stack))
    return stack


@_without_traceback()
def base_image_digests(settings: Settings, names: Sequence[str]) -> Mapping[str, str]:
    """Digests of the published images that these images are derived from. Refuses to build from one that has none."""
    digests = base_images.digests(Path(), settings.images.base_image_digests)
    to_build = [name for name in names if name not in settings.images.ready]
    base_images.check(settings.release, to_build, settings.mirrors, digests)
    return digests


@_without_traceback()
def zones(stack: RunningStack, network: Network, demand: AddressDemand) -> tuple[Zone, ...]:
    """The availability zones of a new VPC: those of its subnets, if they exist; else those of the configured names.

    Raises RunError where its subnets are too small for so many functions. Empty for an existing VPC.
    """
    if network.vpc_id:
        return ()
    if problems := list(subnets(network, demand)):
        raise ConfigurationError(problems)
    in_use = {place: subnet.zone for place, subnet in stack.private_subnets.items()}
    return choose_zones(_available_zones(), network.availability_zones, in_use)


def interface_endpoints(
    context: StackContext, services: Sequence[str], zones: Sequence[Zone]
) -> list[InterfaceEndpoint]:
    """The interface endpoints of these services. Warns of zones without one; raises AdoptionError where none has it."""
    endpoints, warnings = endpoint_services.interface_endpoints(context.region, services, zones)
    warn(warnings)
    return endpoints


def _available_zones() -> list[Zone]:
    """The zones that the account sees, without local and wavelength zones."""
    zones = aws.get_availability_zones(
        state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
    )
    return [Zone(name, zone_id) for name, zone_id in zip(zones.names, zones.zone_ids, strict=True)]


def check_load_balancer(context: StackContext, ingress: IngressOptions, adopted_arn: str) -> None:
    """Raise RunError where the stack's load balancer would have to go, and ELB would refuse to delete it.

    A load balancer cannot change between public and internal. The refusal would come last, when all else has moved.
    """
    for arn in aws.lb.get_lbs(tags=context.own_tags).arns:
        balancer = aws.lb.get_load_balancer(arn=arn)
        if balancer.enable_deletion_protection and (adopted_arn or balancer.internal is not ingress.internal):
            key = "loadBalancerArn" if adopted_arn else "internal"
            value = adopted_arn or str(ingress.internal).lower()
            raise pulumi.RunError(
                f"cvat:{key} = {value}: the stack's load balancer is {'internal' if balancer.internal else 'public'} "
                "and would be replaced by another one, with another DNS name, but it is protected from deletion. Set "
                f"the key back, or lift the protection first: aws elbv2 modify-load-balancer-attributes "
                f"--load-balancer-arn {arn} --attributes Key=deletion_protection.enabled,Value=false"
            )


@_without_traceback()
def functions(inference: Inference) -> list[Deployable]:
    """The functions of the registry that have a model archive. Warns of the others."""
    if not inference.enabled:
        return []
    registry = of_class_batch(read_functions(REGISTRY), inference.batch_functions)
    shared = inference.inference_layout == "shared"
    ready, left_out = deployable(registry, _archives(inference.model_archives), shared=shared)
    warn(left_out)
    return ready


def endpoint_demand(inference: Inference, functions: Sequence[Deployable]) -> tuple[int, int]:
    """Interactive functions, and endpoints of the others."""
    deployed = [deployable.function for deployable in functions]
    interactive = sum(not function.batch for function in deployed)
    return interactive, batch_endpoints(deployed, shared=inference.batch_shared)


@_without_traceback()
def batch_archive(inference: Inference, functions: Sequence[Deployable]) -> LocalArchive | None:
    """The archive of the container that serves several batch functions; None: each has its own."""
    archives = {
        deployable.function.name: deployable.archive
        for deployable in functions
        if deployable.function.batch and deployable.function.shares and isinstance(deployable.archive, LocalArchive)
    }
    return put_together(archives) if inference.batch_shared and archives else None


def _archives(location: str) -> dict[str, Archive]:
    """Model archives by function. `location`: a folder, or s3://bucket/prefix."""
    if not location.startswith("s3://"):
        return local_archives(Path(location))
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    return stored_archives(bucket, aws.s3.get_objects(bucket=bucket, prefix=prefix).keys)


def warn(messages: Iterable[str]) -> None:
    """Show warnings beside the deployment's progress."""
    for message in messages:
        pulumi.log.warn(message)
