# The reaper of last resort (reaper/handler.py): every hour, without Trellis and without its database.

resource "aws_iam_role" "reaper" {
  name               = "trellis-reaper"
  path               = "/trellis/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

resource "aws_iam_role_policy" "reaper" {
  name = "reaper"
  role = aws_iam_role.reaper.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Look", Effect = "Allow", Action = ["ec2:DescribeInstances"], Resource = "*" },
      {
        Sid       = "TakeDownOurs"
        Effect    = "Allow"
        Action    = ["ec2:TerminateInstances"]
        Resource  = "arn:${var.partition}:ec2:${var.region}:${var.account}:instance/*"
        Condition = { Null = { "aws:ResourceTag/trellis:environment" = "false" } }
      },
      { Sid = "Tell", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.reaper.arn}:*" },
    ]
  })
}

resource "aws_cloudwatch_log_group" "reaper" {
  name              = "/aws/lambda/trellis-reaper"
  retention_in_days = 90
}

resource "aws_lambda_function" "reaper" {
  function_name    = "trellis-reaper"
  role             = aws_iam_role.reaper.arn
  runtime          = "python3.13"
  handler          = "handler.handler"
  filename         = var.reaper_archive
  source_code_hash = filebase64sha256(var.reaper_archive)
  timeout          = 900
  memory_size      = 256

  environment {
    variables = { LONGEST_LIFE_HOURS = tostring(var.longest_life_hours) }
  }

  depends_on = [aws_cloudwatch_log_group.reaper]
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "trellis-reaper-hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "reaper" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = aws_lambda_function.reaper.arn
}

resource "aws_lambda_permission" "hourly" {
  statement_id  = "hourly"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reaper.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.hourly.arn
}
