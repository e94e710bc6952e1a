"""What is trained: problem, design, architectures, losses and networks, and the certificate of one."""
