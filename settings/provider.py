"""The AWS provider's own settings (`aws:...`), as far as the program's calls agree with them."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from settings.fields import list_from_json

NAMESPACE = "aws"
_SHARED = frozenset(
    "region profile defaultTags ignoreTags allowedAccountIds forbiddenAccountIds maxRetries retryMode "
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId".split()
)
"""What the program's own calls follow, too, or what changes nothing about who calls whom."""


MOST_TAGS_OF_OBJECTS = 10
"""S3 user guide, "Categorizing your objects using tags",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html, read 2026-11."""
_NAME, _VALUE = r"[\w .:/+=@-]{1,128}", r"[\w .:/+=@-]{0,256}"
"""Of a tag (IAM API, "Tag", https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html, read 2026-11)."""
OWN_TAGS = ("project", "stack")
"""What the program puts on everything."""


def default_tags(config: Mapping[str, Any]) -> dict[str, str]:
    """The tags that the provider puts on every resource; empty where the setting is unreadable."""
    value = config.get(f"{NAMESPACE}:defaultTags") or {}
    try:
        read = json.loads(value) if isinstance(value, str) else value
        return {str(name): str(tag) for name, tag in (read.get("tags") or {}).items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def _names_in_other_capitals(names: Sequence[str], config: Mapping[str, Any]) -> Iterator[str]:
    """IAM refuses to create a role with both: "Tag keys are case insensitive"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html, https://github.com/aws/aws-cdk/issues/26253, read
    2026-11)."""
    try:
        own = [str(tag).partition("=")[0] for tag in list_from_json(config.get("cvat:tags") or "[]")]
    except ValueError:
        own = []  # reported of cvat:tags
    places = [
        *((name, "the program") for name in OWN_TAGS),
        *((name, f"cvat:tags[{index}]") for index, name in enumerate(own)),
        *((name, "aws:defaultTags itself") for name in names),
    ]
    for index, name in enumerate(names):
        before = places[: len(places) - len(names) + index]
        for other, place in before:
            if other != name and other.casefold() == name.casefold():
                yield (
                    f"aws:defaultTags names {name}, and {place} {other}: IAM takes no two tags whose names differ in "
                    f"capitals only. Write both alike, or remove this one: pulumi config rm --path "
                    f"{shlex.quote(f'aws:defaultTags.tags[{json.dumps(name)}]')}"
                )
                break


def _form_problem(value: Any) -> str | None:
    try:
        read = json.loads(value) if isinstance(value, str) and value else value or {}
    except ValueError:
        read = None
    tags = read.get("tags", {}) if isinstance(read, dict) else None
    if isinstance(tags, dict):
        return None
    return (
        f"aws:defaultTags = {value}: it must be a mapping with tags, and these a mapping of names to values. Correct "
        "it in the stack file, or with: pulumi config set --path 'aws:defaultTags.tags.managed-by' pulumi"
    )


def default_tag_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """The provider puts its tags on S3 objects, too, which take few."""
    if (problem := _form_problem(config.get(f"{NAMESPACE}:defaultTags"))) is not None:
        yield problem
    tags = default_tags(config)
    names = list(tags)
    room = MOST_TAGS_OF_OBJECTS - len(set(OWN_TAGS) - set(names))
    if len(names) > room:
        yield (
            f"aws:defaultTags has {len(names)} tags: the provider puts all of them on S3 objects, too, which take "
            f"{MOST_TAGS_OF_OBJECTS}, and the program adds project and stack. Leave {room}, and put the others into "
            "cvat:tags, which objects get as far as there is room."
        )
    yield from _names_in_other_capitals(names, config)
    if reserved := [name for name in names if name.lower().startswith("aws:")]:
        yield (
            f"aws:defaultTags names {', '.join(reserved)}: names that begin with aws: are AWS's own. Rename them in "
            "the stack file."
        )
    for name, value in tags.items():
        if not (re.fullmatch(_NAME, name) and re.fullmatch(_VALUE, value)):
            yield (
                f"aws:defaultTags names {name} = {value!r}: a name has up to 128 and a value up to 256 characters, "
                "which are letters, digits, spaces and _ . : / + = - @ only. Correct it in the stack file."
            )


def provider_problems(keys: Collection[str]) -> Iterator[str]:
    """Keys that the provider would follow alone: the init task, the database switch and the look at ECR call AWS by
    boto3, and would act as somebody else, or elsewhere."""
    for key in sorted(keys):
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name not in _SHARED:
            near = difflib.get_close_matches(name, _SHARED, n=1)
            guess = f"Did you mean {NAMESPACE}:{near[0]}? Else write" if near else "Write"
            yield (
                f"{key}: only Pulumi's provider would follow it, and not the calls that the program makes itself. "
                f"{guess} it into a profile of ~/.aws/config, name that with `pulumi config set aws:profile NAME`, and "
                f"remove this one: pulumi config rm {key}"
            )
