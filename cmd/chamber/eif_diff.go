package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/eif"
)

const eifDiffExample = `  # What makes my build differ from the published one?
  chamber eif diff published.eif mine.eif`

func newEIFDiffCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "diff FILE OTHER",
		Short: "Say in which sections, files and bytes two enclave images differ",
		Long: `Diff compares two images part by part, the ramdisks file by file. The exit status is 1
when they differ.`,
		Example: eifDiffExample,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutputFlag(format); err != nil {
				return err
			}
			return diffFiles(cmd.Context(), cmd.OutOrStdout(), args[0], args[1], format)
		},
	}
	addOutputFlag(cmd, &format)
	return cmd
}

func diffFiles(ctx context.Context, out io.Writer, pathA, pathB, format string) error {
	a, err := eif.OpenFile(pathA)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	b, err := eif.OpenFile(pathB)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	found, err := eif.Diff(ctx, a, b)
	if err != nil {
		return err
	}
	if err := writeDifferences(out, found, format); err != nil {
		return err
	}
	if len(found) > 0 {
		return errors.New("the images differ")
	}
	return nil
}
