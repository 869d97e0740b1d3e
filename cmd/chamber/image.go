package main

import "github.com/spf13/cobra"

func newImageCommand(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Build the pod's image: supervisor, enclave image and measurements",
		Long: `Image makes the image that a chamber's pod runs. It needs neither Docker nor root, and
the same inputs always give the same digest.`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newImageBuildCommand(version))
	return cmd
}
