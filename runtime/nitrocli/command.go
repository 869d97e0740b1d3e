package nitrocli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/supervisor/admin"
)

// Run answers a call with nitro-cli's name and returns the exit status: 0, or 1 with an
// error on stderr. args are without the name of the program; version is the supervisor's.
func Run(ctx context.Context, supervisor admin.Supervisor, version string, args []string, stdout, stderr io.Writer) int {
	root := newCommand(supervisor, version) //nolint:contextcheck // its commands get ctx from ExecuteContext
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "nitro-cli:", err)
		return 1
	}
	return 0
}

func newCommand(supervisor admin.Supervisor, version string) *cobra.Command {
	root := &cobra.Command{
		Use:   "nitro-cli",
		Short: "Ask the supervisor of this pod about its enclave, as nitro-cli does",
		Long: `This is the supervisor of the pod's one enclave, under the name of AWS's nitro-cli. It answers
what asks about an enclave in the same JSON. It starts and builds none.`,
		Version: version,
		// Run prints errors, once and without the usage, which buries them.
		SilenceErrors: true,
		SilenceUsage:  true,
		// The other commands of nitro-cli come with flags of theirs.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		Args:               cobra.ArbitraryArgs,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unsupported(args[0])
	}
	root.AddCommand(newDescribeEnclaves(supervisor), newConsole(supervisor), newTerminate(supervisor), newDescribeEIF())
	return root
}

// instead says what does the work of nitro-cli's other commands.
var instead = map[string]string{
	"run-enclave":   "the supervisor starts the enclave with the pod; restart the pod",
	"build-enclave": "use `chamber eif build` where the image is made",
	"sign-eif":      "use `chamber eif sign` where the image is made",
	"pcr":           "use `chamber eif measure` where the image is made",
}

func unsupported(name string) error {
	var hint string
	if text := instead[name]; text != "" {
		hint = ": " + text
	}
	return fmt.Errorf("there is no %.40q here%s; this is the enclave supervisor under the name of nitro-cli, and it knows %s",
		name, hint, strings.Join([]string{"describe-enclaves", "console", "terminate-enclave", "describe-eif"}, ", "))
}
