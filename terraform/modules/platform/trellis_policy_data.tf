# What Trellis may do with snapshots of data: make disks of those that are listed, marked and encrypted, and attach and end what bears the mark.
# Without a list it may none of it.

locals {
  seed_snapshots = [for each in var.seed_snapshots : "arn:${var.partition}:ec2:${var.region}::snapshot/${each}"]

  disks_of_data = [
    { Sid = "FromSnapshots", Effect = "Allow", Action = "ec2:CreateVolume", Resource = local.seed_snapshots },
    {
      Sid       = "Disks"
      Effect    = "Allow"
      Action    = "ec2:CreateVolume"
      Resource  = "${local.ec2}:volume/*"
      Condition = { Null = local.to_mark.Null, Bool = { "ec2:Encrypted" = "true" }, ArnLike = { "ec2:ParentSnapshot" = local.seed_snapshots } }
    },
    { Sid = "MarkDisks", Effect = "Allow", Action = "ec2:CreateTags", Resource = "${local.ec2}:volume/*", Condition = { Null = local.to_mark.Null, StringEquals = { "ec2:CreateAction" = "CreateVolume" } } },
    { Sid = "OurDisks", Effect = "Allow", Action = ["ec2:AttachVolume", "ec2:DetachVolume"], Resource = ["${local.ec2}:volume/*", "${local.ec2}:instance/*"], Condition = local.marked },
    { Sid = "EndDisks", Effect = "Allow", Action = "ec2:DeleteVolume", Resource = "${local.ec2}:volume/*", Condition = local.marked },
  ]

  trellis_data = jsonencode({ Version = "2012-10-17", Statement = [for each in local.disks_of_data : each if length(local.seed_snapshots) > 0] })
}
