// Package credentials passes on to the enclave what EKS gives a pod to prove itself to
// AWS: variables and a token file, by IAM roles for service accounts (IRSA) or by EKS Pod
// Identity. The enclave asks AWS for credentials itself, through its egress; no access
// key is ever in the pod.
//
// Kubelet replaces a token long before it ends, and the enclave must see the new one:
// [Set.Watch] pushes it. It looks at the content once a second instead of waiting for
// inotify. Such a token lives for an hour at least and is replaced when a fifth of its
// time is left, so that a second costs nothing; and what is read cannot be missed, while
// an event can: the path is a symbolic link over another one that kubelet renames, in a
// queue that overflows, and it would be a module more for one small read.
//
// A token is in no log line and in no error.
package credentials
