{{- define "epoll-echo.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters, which leaves room for the suffixes "-management" and "-dashboard". */}}
{{- define "epoll-echo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "epoll-echo.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "epoll-echo.headlessName" -}}
{{- printf "%s-headless" (include "epoll-echo.fullname" .) -}}
{{- end -}}

{{- define "epoll-echo.managementName" -}}
{{- printf "%s-management" (include "epoll-echo.fullname" .) -}}
{{- end -}}

{{- define "epoll-echo.probeName" -}}
{{- printf "%s-probe" (include "epoll-echo.fullname" .) -}}
{{- end -}}

{{- define "epoll-echo.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "epoll-echo.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of this release. They can never change, as selectors are immutable. */}}
{{- define "epoll-echo.releaseLabels" -}}
app.kubernetes.io/name: {{ include "epoll-echo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "epoll-echo.selectorLabels" -}}
{{ include "epoll-echo.releaseLabels" . }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "epoll-echo.testLabels" -}}
{{ include "epoll-echo.releaseLabels" . }}
app.kubernetes.io/component: test
{{- end -}}

{{- define "epoll-echo.probeLabels" -}}
{{ include "epoll-echo.releaseLabels" . }}
app.kubernetes.io/component: probe
{{- end -}}

{{/*
Labels of pods. They omit the versions of chart and image; otherwise each new chart version would
replace all pods and close their connections.
*/}}
{{- define "epoll-echo.podLabels" -}}
{{- $root := index . 0 -}}
{{- $own := merge (include "epoll-echo.releaseLabels" $root | fromYaml) (dict "app.kubernetes.io/component" (index . 1)) -}}
{{- merge $own $root.Values.podLabels $root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Labels of an object, with its component: include "epoll-echo.labels" (list . "server") */}}
{{- define "epoll-echo.labels" -}}
{{- $root := index . 0 -}}
{{- $own := dict
    "app.kubernetes.io/name" (include "epoll-echo.name" $root)
    "app.kubernetes.io/instance" $root.Release.Name
    "app.kubernetes.io/component" (index . 1)
    "app.kubernetes.io/version" ($root.Values.image.tag | default $root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-")
    "app.kubernetes.io/managed-by" $root.Release.Service
    "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own $root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* "annotations:" with the given map, or nothing if empty: include "epoll-echo.annotations" (list . map) */}}
{{- define "epoll-echo.annotations" -}}
{{- $root := index . 0 -}}
{{- with merge (dict) (index . 1) $root.Values.commonAnnotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "epoll-echo.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Ports and paths of the application, read from the configuration as Spring does. */}}

{{- define "epoll-echo.echoPort" -}}
{{- dig "echo" "server" "port" 7777 .Values.config | int64 -}}
{{- end -}}

{{- define "epoll-echo.managementPort" -}}
{{- $http := dig "server" "port" 8080 .Values.config -}}
{{- dig "management" "server" "port" $http .Values.config | int64 -}}
{{- end -}}

{{/* "true" if HTTP is served. Spring serves no actuator if management.server.port is -1. */}}
{{- define "epoll-echo.management" -}}
{{- if gt (include "epoll-echo.managementPort" . | int64) 0 -}}true{{- end -}}
{{- end -}}

{{- define "epoll-echo.managementOfItsOwn" -}}
{{- if ne (include "epoll-echo.managementPort" . | int64) (dig "server" "port" 8080 .Values.config | int64) -}}true{{- end -}}
{{- end -}}

{{/* HTTP or HTTPS, according to server.ssl or, on a separate port, to management.server.ssl. */}}
{{- define "epoll-echo.managementScheme" -}}
{{- $ssl := dig "server" "ssl" dict .Values.config -}}
{{- if include "epoll-echo.managementOfItsOwn" . -}}
{{- $ssl = dig "management" "server" "ssl" dict .Values.config -}}
{{- end -}}
{{- if and $ssl (ne (get $ssl "enabled" | toString) "false") -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}

{{/* The path of an endpoint: include "epoll-echo.endpointPath" (list . "health") */}}
{{- define "epoll-echo.endpointPath" -}}
{{- $id := index . 1 -}}
{{- $mapped := dig "management" "endpoints" "web" "path-mapping" $id $id (index . 0).Values.config -}}
{{- printf "%s/%s" (include "epoll-echo.managementPath" (index . 0)) ($mapped | trimAll "/") -}}
{{- end -}}

{{/* Fails if no probe from outside the container can succeed: include "epoll-echo.requireReachable" . */}}
{{- define "epoll-echo.requireReachable" -}}
{{- $addresses := dict "config.echo.server.address" (dig "echo" "server" "address" "" .Values.config) -}}
{{- if include "epoll-echo.managementOfItsOwn" . -}}
{{- $_ := set $addresses "config.management.server.address" (dig "management" "server" "address" "" .Values.config) -}}
{{- else -}}
{{- $_ := set $addresses "config.server.address" (dig "server" "address" "" .Values.config) -}}
{{- end -}}
{{- range $property, $address := $addresses -}}
{{- if regexMatch "^(127\\..*|::1|0:0:0:0:0:0:0:1|localhost)$" ($address | toString) -}}
{{- fail (printf "%s is %q. The kubelet and the Services cannot reach a loopback address. Remove the property to listen on all addresses." $property $address) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The additional listeners, each with its name, port and Service port. */}}
{{- define "epoll-echo.listeners" -}}
{{- $listeners := dig "echo" "server" "listeners" dict .Values.config | default dict -}}
{{- $ports := .Values.service.listenerPorts -}}
{{- range $name, $_ := $ports -}}
{{- if not (hasKey $listeners $name) -}}
{{- fail (printf "service.listenerPorts.%s names no listener of config.echo.server.listeners. The listeners are: %s." $name (keys $listeners | sortAlpha | join ", " | default "none")) -}}
{{- end -}}
{{- end -}}
{{- $list := list -}}
{{- $taken := dict (.Values.service.port | int64 | toString) "service.port" -}}
{{- range $name, $listener := $listeners -}}
{{- $port := dig "port" 7777 $listener | int64 -}}
{{- $servicePort := get $ports $name | default $port | int64 -}}
{{- $key := $servicePort | toString -}}
{{- if hasKey $taken $key -}}
{{- fail (printf "Listener %s has the Service port %s, which is already the port of %s. Set service.listenerPorts.%s to a different port." $name $key (get $taken $key) $name) -}}
{{- end -}}
{{- $_ := set $taken $key (printf "listener %s" $name) -}}
{{- $list = append $list (dict "name" $name "port" $port "servicePort" $servicePort) -}}
{{- end -}}
{{- dict "listeners" $list | toYaml -}}
{{- end -}}

{{/* Options that override those of the image. The image selects a collector, and the JVM refuses two. */}}
{{- define "epoll-echo.jvmOptions" -}}
{{- $options := .Values.jvmOptions -}}
{{- if include "epoll-echo.otherCollector" . -}}
{{- $options = prepend $options "-XX:-UseSerialGC" -}}
{{- end -}}
{{- join " " $options -}}
{{- end -}}

{{- define "epoll-echo.otherCollector" -}}
{{- range .Values.jvmOptions -}}
{{- if regexMatch "^-XX:\\+Use(G1|Parallel|Z|Shenandoah|Epsilon)GC$" . -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* The base path of the actuator, without a trailing slash. */}}
{{- define "epoll-echo.managementPath" -}}
{{- $context := dig "server" "servlet" "context-path" "" .Values.config -}}
{{- if include "epoll-echo.managementOfItsOwn" . -}}
{{- $context = dig "management" "server" "base-path" "" .Values.config -}}
{{- end -}}
{{- $base := dig "management" "endpoints" "web" "base-path" "/actuator" .Values.config -}}
{{- printf "%s%s" ($context | trimSuffix "/") (printf "/%s" ($base | trimAll "/") | trimSuffix "/") -}}
{{- end -}}

{{/*
Times. Kubernetes uses whole seconds and Spring uses durations; the shutdown must take equally long in both:

  preStop sleep │ SIGTERM, drain up to drain-timeout │ 5 s for Spring │ rest of the margin │ SIGKILL
*/}}

{{/* Converts a Spring duration to milliseconds: include "epoll-echo.milliseconds" (list "name" "20s") */}}
{{- define "epoll-echo.milliseconds" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- $text := ternary (printf "%v" $value) ($value | int64 | toString) (kindIs "string" $value) -}}
{{- if not (regexMatch "^[0-9]{1,12}(ms|s|m|h|d)?$" $text) -}}
{{- fail (printf "%s is %q, which is not a duration. Use a number with the unit ms, s, m, h or d, such as 20s, 500ms or 1m." $name $text) -}}
{{- end -}}
{{- $unit := regexFind "[a-z]+$" $text | default "ms" -}}
{{- $factor := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) $unit -}}
{{- mul (regexFind "^[0-9]+" $text | int64) $factor -}}
{{- end -}}

{{/* The drain timeout in whole seconds, rounded up. */}}
{{- define "epoll-echo.drainSeconds" -}}
{{- $drain := dig "echo" "server" "shutdown" "drain-timeout" "20s" .Values.config -}}
{{- $milliseconds := include "epoll-echo.milliseconds" (list "config.echo.server.shutdown.drain-timeout" $drain) | int64 -}}
{{- div (add $milliseconds 999) 1000 -}}
{{- end -}}

{{/* Spring's timeout per shutdown phase. The application requires two seconds more than the drain timeout. */}}
{{- define "epoll-echo.phaseSeconds" -}}
{{- add (include "epoll-echo.drainSeconds" . | int64) 5 -}}
{{- end -}}

{{- define "epoll-echo.gracePeriodSeconds" -}}
{{- add (.Values.shutdown.preStopSeconds | int64) (include "epoll-echo.drainSeconds" . | int64) (.Values.shutdown.marginSeconds | int64) -}}
{{- end -}}

{{/* application.yml: the configuration plus the derived properties. */}}
{{- define "epoll-echo.application" -}}
{{- if not (kindIs "invalid" (dig "spring" "lifecycle" "timeout-per-shutdown-phase" nil .Values.config)) -}}
{{- fail "config.spring.lifecycle.timeout-per-shutdown-phase must not be set, because it is derived from config.echo.server.shutdown.drain-timeout. Set the drain timeout instead." -}}
{{- end -}}
{{- $derived := dict "spring" (dict "lifecycle" (dict "timeout-per-shutdown-phase" (printf "%ss" (include "epoll-echo.phaseSeconds" .)))) -}}
{{- with .Values.tls -}}
{{- if .secretName -}}
{{- $bundle := dict
    "reload-on-update" true
    "keystore" (dict "certificate" "file:/tls/tls.crt" "private-key" "file:/tls/tls.key") -}}
{{- if .trust -}}
{{- $_ := set $bundle "truststore" (dict "certificate" "file:/tls/ca.crt") -}}
{{- end -}}
{{- $_ := set $derived.spring "ssl" (dict "bundle" (dict "pem" (dict "tls" $bundle))) -}}
{{- $server := dict -}}
{{- $known := dig "echo" "server" "listeners" dict $.Values.config | default dict -}}
{{- range .listeners -}}
{{- $ssl := dict "ssl" (dict "bundle" "tls") -}}
{{- if eq . "default" -}}
{{- $server = merge $server $ssl -}}
{{- else if hasKey $known . -}}
{{- $server = merge $server (dict "listeners" (dict . $ssl)) -}}
{{- else -}}
{{- fail (printf "tls.listeners names %s, which is not a listener. The listeners are: %s." . (prepend (keys $known | sortAlpha) "default" | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $derived "echo" (dict "server" $server) -}}
{{- end -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $derived | toYaml -}}
{{- end -}}

{{/* Command line of the image's probe for helm test, which stops after a fixed time. */}}
{{- define "epoll-echo.probeArgs" -}}
{{- concat
    (list
      "probe" (include "epoll-echo.serviceTarget" .)
      "--connections" (.Values.test.connections | int64 | toString)
      "--duration" .Values.test.duration)
    (include "epoll-echo.probeLayers" . | fromYaml).args
    | toYaml -}}
{{- end -}}

{{/* Command line of the continuous probe, which runs until its pod is deleted. */}}
{{- define "epoll-echo.continuousProbeArgs" -}}
{{- $probe := .Values.probe -}}
{{- $rate := $probe.rate | float64 -}}
{{- $layers := empty $probe.target | not | ternary list (include "epoll-echo.probeLayers" . | fromYaml).args -}}
{{- concat
    (list
      "probe" ($probe.target | default (include "epoll-echo.serviceTarget" .))
      "--connections" ($probe.connections | int64 | toString)
      "--size" ($probe.size | int64 | toString)
      "--rate" (eq (floor $rate) $rate | ternary ($rate | int64 | toString) ($rate | toString))
      "--timeout" $probe.timeout
      "--interval" $probe.interval
      "--duration" "0"
      "--reconnect"
      "--metrics-port" ($probe.metricsPort | int64 | toString))
    $layers
    $probe.extraArgs
    | toYaml -}}
{{- end -}}

{{- define "epoll-echo.serviceTarget" -}}
{{- printf "%s:%d" (include "epoll-echo.fullname" .) (.Values.service.port | int64) -}}
{{- end -}}

{{/* Probe options that match the TLS, PROXY protocol and greeting of the default listener. */}}
{{- define "epoll-echo.probeLayers" -}}
{{- $args := list -}}
{{- $server := dig "echo" "server" dict .Values.config | default dict -}}
{{- if or (and .Values.tls.secretName (has "default" .Values.tls.listeners)) (dig "ssl" "bundle" "" $server) -}}
{{/* The probe connects by the Service's name, which the certificate need not contain. */}}
{{- $args = concat $args (list "--tls" "--insecure") -}}
{{- end -}}
{{- if eq (dig "proxy-protocol" "mode" "off" $server | toString) "required" -}}
{{- $args = concat $args (list "--proxy-protocol" "v2") -}}
{{- end -}}
{{- if eq (dig "greeting" "none" $server | toString) "identity" -}}
{{- $args = append $args "--expect-greeting" -}}
{{- end -}}
{{- dict "args" $args | toYaml -}}
{{- end -}}

{{/* Path and scheme by which Prometheus scrapes the pods. */}}
{{- define "epoll-echo.scrape" -}}
path: {{ include "epoll-echo.endpointPath" (list . "prometheus") }}
{{- if eq (include "epoll-echo.managementScheme" .) "HTTPS" }}
scheme: https
tlsConfig:
  # Prometheus scrapes by IP address, which no certificate contains.
  insecureSkipVerify: true
{{- end }}
{{- end -}}

{{- define "epoll-echo.requireScrape" -}}
{{- if not (include "epoll-echo.management" (index . 0)) -}}
{{- fail (printf "%s is true, but config.management.server.port is -1, so there is nothing to scrape. Set a port, or disable the monitor." (index . 1)) -}}
{{- end -}}
{{- end -}}
