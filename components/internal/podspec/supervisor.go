package podspec

import (
	"maps"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/contract"
)

// supervisor is the chamber's only container.
func supervisor(s ChamberSpec) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String("supervisor"),
		Image:           text(s.Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env:             supervisorEnv(s),
		Lifecycle: &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{Exec: &corev1.ExecActionArgs{
			Command: pulumi.ToStringArray([]string{contract.SupervisorPath, contract.CommandDrain}),
		}}},
		Ports: corev1.ContainerPortArray{
			port(contract.PortNameAPI, contract.PortAPI),
			port(contract.PortNameTLS, contract.PortTLS),
			port(contract.PortNameMetrics, contract.PortMetrics),
			port(contract.PortNameSupervisor, contract.PortSupervisor),
		},
		// An enclave boots in seconds to minutes, with its memory: nitro-cli waits
		// 180 seconds for one of ordinary size.
		StartupProbe:  probe(contract.PortNameAPI, contract.PathUpcheck, 5, 60),
		LivenessProbe: probe(contract.PortNameAPI, contract.PathUpcheck, 10, 6),
		// The supervisor asks the signer's health check through its own ingress, and adds
		// what the signer cannot know: from the moment on when the pod is told to end, it
		// still serves and is not ready.
		ReadinessProbe:  probe(contract.PortNameSupervisor, contract.PathReady, 5, 2),
		Resources:       resources(s),
		SecurityContext: hardened(pulumi.Int(contract.UserID)),
		// The reason why an enclave died is worth more than the log's tail.
		TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		VolumeMounts: corev1.VolumeMountArray{
			readOnly(mount("config", contract.ConfigDir)),
			mount("sockets", contract.SocketsDir),
			mount("logs", contract.LogsDir),
			mount("tmp", contract.TempDir),
		},
	}
}

func supervisorEnv(s ChamberSpec) corev1.EnvVarArray {
	number := func(n int) pulumi.String { return pulumi.String(strconv.Itoa(n)) }
	drain := s.DrainSeconds.ToIntOutput().ApplyT(strconv.Itoa).(pulumi.StringOutput)
	vars := corev1.EnvVarArray{
		env(contract.EnvEnclaveCPUs, s.EnclaveCPUs),
		env(contract.EnvEnclaveMemoryMiB, s.EnclaveMemoryMiB),
		env(contract.EnvConfigPath, pulumi.String(contract.ConfigDir+"/"+contract.ConfigFile)),
		env(contract.EnvAPIPort, number(contract.PortAPI)),
		env(contract.EnvTLSPort, number(contract.PortTLS)),
		env(contract.EnvMetricsPort, number(contract.PortMetrics)),
		env(contract.EnvSupervisorPort, number(contract.PortSupervisor)),
		env(contract.EnvDrainSeconds, drain),
		env(contract.EnvEgress, s.Egress),
		env(contract.EnvNitroSocketsPath, pulumi.String(contract.SocketsDir)),
		env(contract.EnvNitroLogsPath, pulumi.String(contract.LogsDir)),
		envField(contract.EnvPodName, "metadata.name"),
		envField(contract.EnvPodNamespace, "metadata.namespace"),
		envField(contract.EnvNodeName, "spec.nodeName"),
	}
	if s.Region != nil {
		vars = append(vars, env(contract.EnvAWSRegion, s.Region))
	}
	return vars
}

// resources asks for the enclave's share and for a little of the host.
// Kubernetes wants the enclave's requests and limits to be equal. The host CPU
// has no limit, so that the bridges are never throttled while CPU is idle.
func resources(s ChamberSpec) *corev1.ResourceRequirementsArgs {
	all := pulumi.All(s.EnclaveResources, s.HostCPU, s.HostMemory)
	return &corev1.ResourceRequirementsArgs{
		Requests: all.ApplyT(func(v []any) map[string]string {
			requests := maps.Clone(v[0].(map[string]string))
			requests["cpu"], requests["memory"] = v[1].(string), v[2].(string)
			return requests
		}).(pulumi.StringMapOutput),
		Limits: all.ApplyT(func(v []any) map[string]string {
			limits := maps.Clone(v[0].(map[string]string))
			limits["memory"] = v[2].(string)
			return limits
		}).(pulumi.StringMapOutput),
	}
}

func port(name string, number int) *corev1.ContainerPortArgs {
	return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(number), Protocol: pulumi.String("TCP")}
}

// probe asks at a port of the pod. At that of the API it goes through the ingress to the
// signer, and sees what a client would see. Seconds between tries, and tries until it
// counts.
func probe(port, path string, period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet:          &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(port)},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(failures),
	}
}
