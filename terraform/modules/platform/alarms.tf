# Who is told when something is wrong that Trellis itself may not see.

resource "aws_sns_topic" "alarms" {
  name = "trellis-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarms_to
}

resource "aws_cloudwatch_metric_alarm" "reaper_failed" {
  alarm_name          = "trellis-reaper-failed"
  alarm_description   = "The reaper of last resort could not take something down, or did not run to its end."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.reaper.function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "reaper_silent" {
  alarm_name          = "trellis-reaper-silent"
  alarm_description   = "The reaper of last resort has not run for three hours."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.reaper.function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_log_metric_filter" "secret_reads" {
  count = var.secrets_log_group == "" ? 0 : 1

  name           = "trellis-secret-reads"
  log_group_name = var.secrets_log_group
  pattern        = "{ $.eventSource = \"secretsmanager.amazonaws.com\" && $.eventName = \"*GetSecretValue\" }"

  metric_transformation {
    name      = "SecretReads"
    namespace = "Trellis"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "secret_reads" {
  count = var.secrets_log_group == "" ? 0 : 1

  alarm_name          = "trellis-secret-reads"
  alarm_description   = "Secrets are read more often than environments do."
  namespace           = "Trellis"
  metric_name         = "SecretReads"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  threshold           = var.secret_reads_per_hour
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_budgets_budget" "month" {
  name         = "trellis-month"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      notification_type          = notification.key
      subscriber_email_addresses = [var.alarms_to]
    }
  }
}
