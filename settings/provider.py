"""The AWS provider's own settings (`aws:...`), as far as the program's calls agree with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

NAMESPACE = "aws"
_SHARED = frozenset(
    "region profile defaultTags ignoreTags allowedAccountIds forbiddenAccountIds maxRetries retryMode "
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId".split()
)
"""What the program's own calls follow, too, or what changes nothing about who calls whom."""


def provider_problems(keys: Collection[str]) -> Iterator[str]:
    """Keys that the provider would follow alone: the init task, the database switch and the look at ECR call AWS by
    boto3, and would act as somebody else, or elsewhere."""
    for key in sorted(keys):
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name not in _SHARED:
            yield (
                f"{key}: only Pulumi's provider would follow it, and not the calls that the program makes itself. "
                "Write it into a profile of ~/.aws/config, name that with `pulumi config set aws:profile NAME`, and "
                f"remove this one: pulumi config rm {key}"
            )
