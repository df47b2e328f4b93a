"""NATS JetStream: publishing, consuming, permissions."""
