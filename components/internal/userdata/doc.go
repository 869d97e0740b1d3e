// Package userdata renders the user data of enclave nodes that run Amazon Linux
// 2023: a MIME multipart document with a shell part that runs before kubelet
// and, only for custom AMIs, a NodeConfig part.
//
// On AL2023 cloud-init runs user scripts before nodeadm-run starts kubelet
// (amazon-eks-ami: nodeadm-run.service is After=cloud-final.service), and
// kubelet reads hugepages and online CPUs once, at its start. So the shell part
// has to set everything aside before it returns, and again on every later boot,
// where cloud-init does not run it: that is what the systemd units are for.
//
// A node starts out as not ready for enclaves and is ready when enclave-check, which
// runs at the end of the shell part and on every later boot, finds all that the
// scheduler has been told of. Otherwise it joins the cluster with a taint and without
// the label; see notready.go.
//
// EKS merges the document with its own NodeConfig when the node group uses an
// EKS AMI; a NodeConfig of ours would then be refused or ignored.
//
// Rendering is a pure function of Spec: no clock, no randomness, no secret.
package userdata
