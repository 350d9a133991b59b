"""`import-cfn`: adopt a stack of aws-samples/cvat-on-aws-china's CloudFormation template.

Which resources can be adopted in place depends on the properties that AWS does not allow to change:

- The network is used as it is, by settings (cvat:vpcId and the subnets). Pulumi does not own it.
- The file system, its access points and mount targets are imported: the sample creates them as this program does
  (encrypted, user 1000, /data and /share), so nothing is replaced and no file is copied.
- The database is migrated: the sample's is not encrypted and its master user has another name, and neither can be
  changed. Importing it would make Pulumi replace it.
- Redis is created again: the sample's has no encryption, no password and no replication group. It holds running jobs
  only.
- All other resources have no state.
"""
