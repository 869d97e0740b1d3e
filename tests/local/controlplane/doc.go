// Package controlplane runs a real Kubernetes control plane on the loopback
// interface: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and
// kwok, which plays the kubelets of nodes that do not exist.
//
// All five are one binary (tests/tools/kube). They keep running when the
// program that started them ends; everything about them (keys, logs, process
// ids, data) is in one folder, so that several can run side by side and another
// program can find them by the folder. Admission is what an apiserver does by
// default, Pod Security included.
package controlplane
