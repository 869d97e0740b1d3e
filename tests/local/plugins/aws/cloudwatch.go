package main

import (
	"fmt"
	"slices"
)

func logSpecs() map[string]spec {
	return map[string]spec{"aws:cloudwatch/logGroup:LogGroup": {
		inputs:   words("kmsKeyId logGroupClass name namePrefix retentionInDays skipDestroy tags"),
		replaces: words("logGroupClass name namePrefix"),
		computed: words("arn logGroupClass"),
		naming:   naming{property: "name", prefix: "namePrefix", max: 512},
		check:    checkLogGroup,
		create: func(a *account, in props) (string, props, error) {
			name := in.str("name")
			return name, props{"arn": a.arn("logs", "log-group:"+name), "logGroupClass": "STANDARD"}, nil
		},
	}}
}

func checkLogGroup(in props) []fault {
	days := []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if n, ok := in.num("retentionInDays"); ok && !slices.Contains(days, n) {
		return []fault{{"retentionInDays", fmt.Sprintf("is %v: it must be one of %v", n, days)}}
	}
	return nil
}
