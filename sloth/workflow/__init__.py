"""From a workflow file to tasks, workflows and handlers."""
