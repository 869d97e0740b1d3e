package initramfs

import "github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/blob"

// Content is what a file holds.
type Content = blob.Content
