"""The running of the portal: health, figures, logs, stopping, the doctor, backups, the deployment."""
