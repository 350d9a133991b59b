"""How each resource type is created, changed and deleted on the emulated account: one small function per type.

Created: `@handles(type)`. The function takes what it needs from `make.inputs` and calls the API through `make.call`,
which carries every unused input that the operation knows. What is left at the end is an error.

Deleted: every type needs one of these (a test asks for it), beside its creation or in deletion.py:

    deleted("aws:ec2/subnet:Subnet", "ec2:DeleteSubnet", SubnetId="id")    one call, its parameters from attributes
    forgotten("random:index/randomId:RandomId")                            nothing in the account to be deleted
    @deletes("aws:ec2/internetGateway:InternetGateway")                    a function of the `Make`, where there is more

Changed in place: only where the provider does so; rehearsal/diff/forced.py has the inputs that make a resource anew.

    again("aws:iam/rolePolicy:RolePolicy")      creation is a put: the same call with all inputs is the update
    @updates("aws:rds/instance:Instance")       a function whose `make.inputs` holds those that differ only

In an update, `make.id` and `make.known(attribute)` are what exists, `make.whole` all inputs. An input that is no longer
given is None, or what `@updates(type, resets={...})` says for it. What the function leaves unused is an error with the
type and the input, so that nothing is dropped in silence. Tags are changed for every type by the calls that its service
has for them; `@retags(type)` is for those that have others. Inputs that are `provider_only` need nothing.
"""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every handler module, which fills rehearsal.providers.resource.KINDS."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
