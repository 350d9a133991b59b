"""`import-cfn`: take over a stack of aws-samples/cvat-on-aws-china's CloudFormation template.

What can be adopted in place, and what cannot, is decided by which properties AWS lets nobody change later:

- The network is used as it is, by settings (cvat:vpcId and the subnets). Pulumi does not own it.
- The file system, its access points and mount targets are imported: the sample makes them as this program does
  (encrypted, user 1000, /data and /share), so nothing is replaced and not a byte is copied.
- The database is migrated: the sample's is not encrypted and its master user has another name, and neither can be
  changed. Importing it would make Pulumi replace it.
- Redis is made anew: the sample's has no encryption, no password and no replication group. It holds running jobs only.
- All else has no state.
"""

from cvatctl.adoption.plan import Plan, plan
from cvatctl.adoption.write import write

__all__ = ["Plan", "plan", "write"]
