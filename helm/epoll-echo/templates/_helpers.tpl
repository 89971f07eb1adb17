{{- define "epoll-echo.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/*
At most 52 characters, which leaves room for the suffixes "-management" and "-dashboard". Services
must have names that begin with a letter, so a release such as 123 comes after the chart's name.
*/}}
{{- define "epoll-echo.fullname" -}}
{{- $name := include "epoll-echo.name" . -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $full = contains $name $release | ternary $release (printf "%s-%s" $release $name) -}}
{{- if not (regexMatch "^[a-z]" $full) -}}
{{- $full = printf "%s-%s" (regexMatch "^[a-z]" $name | ternary $name .Chart.Name) $release -}}
{{- end -}}
{{- end -}}
{{- $full = $full | trunc 52 | trimSuffix "-" -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $full) -}}
{{- fail (printf "The name of the Services would be %q, but it must begin with a letter and contain only lower-case letters, digits and hyphens. Set fullnameOverride." $full) -}}
{{- end -}}
{{- $full -}}
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
app.kubernetes.io/name: {{ include "epoll-echo.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
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
{{- $mapped := dig "management" "endpoints" "web" "path-mapping" $id $id (index . 0).Values.config | trimAll "/" -}}
{{- if not $mapped -}}
{{- fail (printf "config.management.endpoints.web.path-mapping.%s is empty, which the probes and Services cannot use. Give it a path, or remove it." $id) -}}
{{- end -}}
{{- printf "%s/%s" (include "epoll-echo.managementPath" (index . 0)) $mapped -}}
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
{{- $names := dict -}}
{{- range $name, $listener := $listeners -}}
{{- $port := dig "port" 7777 ($listener | default dict) | int64 -}}
{{- $portName := printf "tcp-listener-%s" $name | trimSuffix "-" -}}
{{- if hasKey $names $portName -}}
{{- fail (printf "The listeners %s and %s would have the same port name, %s. Rename one of them." (get $names $portName) $name $portName) -}}
{{- end -}}
{{- $_ := set $names $portName $name -}}
{{- $servicePort := get $ports $name | default $port | int64 -}}
{{- $key := $servicePort | toString -}}
{{- if hasKey $taken $key -}}
{{- fail (printf "Listener %s has the Service port %s, which is already the port of %s. Set service.listenerPorts.%s to a different port." $name $key (get $taken $key) $name) -}}
{{- end -}}
{{- $_ := set $taken $key (printf "listener %s" $name) -}}
{{- $list = append $list (dict "name" $name "portName" $portName "port" $port "servicePort" $servicePort) -}}
{{- end -}}
{{- dict "listeners" $list | toYaml -}}
{{- end -}}

{{/* Fails if the container would listen on one port twice: include "epoll-echo.requireDistinctPorts" . */}}
{{- define "epoll-echo.requireDistinctPorts" -}}
{{- $ports := list (dict "port" (include "epoll-echo.echoPort" . | int64) "property" "config.echo.server.port") -}}
{{- range (include "epoll-echo.listeners" . | fromYaml).listeners -}}
{{- $ports = append $ports (dict "port" (.port | int64) "property" (printf "config.echo.server.listeners.%s.port" .name)) -}}
{{- end -}}
{{- $http := dig "server" "port" 8080 .Values.config | int64 -}}
{{- if gt $http 0 -}}
{{- $ports = append $ports (dict "port" $http "property" "config.server.port") -}}
{{- end -}}
{{- if and (include "epoll-echo.management" .) (include "epoll-echo.managementOfItsOwn" .) -}}
{{- $ports = append $ports (dict "port" (include "epoll-echo.managementPort" . | int64) "property" "config.management.server.port") -}}
{{- end -}}
{{- $taken := dict -}}
{{- range $ports -}}
{{- $key := .port | toString -}}
{{- if hasKey $taken $key -}}
{{- fail (printf "%s is %s, which is already %s. Set a different port." .property $key (get $taken $key)) -}}
{{- end -}}
{{- $_ := set $taken $key .property -}}
{{- end -}}
{{- end -}}

{{/* Fails if Spring would not serve what probes and scrapes request: include "epoll-echo.requireServed" . */}}
{{- define "epoll-echo.requireServed" -}}
{{- $config := .Values.config -}}
{{- $web := dig "spring" "main" "web-application-type" "servlet" $config | toString | lower -}}
{{- if and (eq $web "none") (include "epoll-echo.management" .) -}}
{{- fail "config.spring.main.web-application-type is none, so no HTTP port answers the probes. Remove it, or set config.management.server.port to -1 to probe the echo port instead." -}}
{{- end -}}
{{- if include "epoll-echo.management" . -}}
{{- $own := eq (include "epoll-echo.managementOfItsOwn" .) "true" -}}
{{- $ssl := $own | ternary (dig "management" "server" "ssl" dict $config) (dig "server" "ssl" dict $config) | default dict -}}
{{- if and (eq (include "epoll-echo.managementScheme" .) "HTTPS") (eq (dig "client-auth" "none" $ssl | toString | lower) "need") -}}
{{- fail (printf "config.%s.ssl.client-auth is need, but the kubelet has no client certificate for its probes. Set it to want, or use a separate config.management.server.port without it." ($own | ternary "management.server" "server")) -}}
{{- end -}}
{{- if eq (dig "management" "endpoint" "health" "probes" "enabled" true $config | toString) "false" -}}
{{- fail "config.management.endpoint.health.probes.enabled is false, but the pod's probes request liveness and readiness. Remove it." -}}
{{- end -}}
{{- $monitored := or .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- range $id := ($monitored | ternary (list "health" "prometheus") (list "health")) -}}
{{- include "epoll-echo.requireEndpoint" (list $config $id) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails if an endpoint is not accessible or not exposed: include "epoll-echo.requireEndpoint" (list $config "health") */}}
{{- define "epoll-echo.requireEndpoint" -}}
{{- $config := index . 0 -}}
{{- $id := index . 1 -}}
{{- $user := eq $id "health" | ternary "the pod's probes" "the monitor" -}}
{{- $access := dig "management" "endpoint" $id "access" (dig "management" "endpoints" "access" "default" "unrestricted" $config) $config | toString | lower -}}
{{- if or (eq $access "none") (eq (dig "management" "endpoint" $id "enabled" true $config | toString) "false") -}}
{{- fail (printf "The endpoint %s is disabled by config.management, but %s %s it. Allow its access." $id $user (eq $id "health" | ternary "request" "requests")) -}}
{{- end -}}
{{- $include := dig "management" "endpoints" "web" "exposure" "include" "*" $config -}}
{{- $exclude := dig "management" "endpoints" "web" "exposure" "exclude" "" $config -}}
{{- $included := kindIs "slice" $include | ternary $include (splitList "," (toString $include)) -}}
{{- $excluded := kindIs "slice" $exclude | ternary $exclude (splitList "," (toString $exclude)) -}}
{{- $exposed := false -}}
{{- range $included -}}{{- if has (toString . | trim) (list $id "*") -}}{{- $exposed = true -}}{{- end -}}{{- end -}}
{{- range $excluded -}}{{- if has (toString . | trim) (list $id "*") -}}{{- $exposed = false -}}{{- end -}}{{- end -}}
{{- if not $exposed -}}
{{- fail (printf "The endpoint %s is not exposed by config.management.endpoints.web.exposure, but %s %s it. Include it." $id $user (eq $id "health" | ternary "request" "requests")) -}}
{{- end -}}
{{- end -}}

{{/* Fails if a variable would override a property from which the chart derives its objects. */}}
{{- define "epoll-echo.requireDerivable" -}}
{{- range .Values.extraEnv -}}
{{- if regexMatch "^(ECHO_SERVER_PORT|ECHO_SERVER_LISTENERS_.*_PORT|SERVER_PORT|MANAGEMENT_SERVER_PORT)$" (.name | toString | upper) -}}
{{- fail (printf "extraEnv sets %s, but ports of probes, Services and policies are derived from config. Set the port there." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails if the update strategy is one that Kubernetes refuses or that can never proceed. */}}
{{- define "epoll-echo.requireStrategy" -}}
{{- $daemonSet := eq .Values.kind "DaemonSet" -}}
{{- if eq .Values.strategy.type ($daemonSet | ternary "Recreate" "OnDelete") -}}
{{- fail (printf "strategy.type is %s, which a %s does not support." .Values.strategy.type .Values.kind) -}}
{{- end -}}
{{- if eq .Values.strategy.type "RollingUpdate" -}}
{{- $rolling := .Values.strategy.rollingUpdate | default dict -}}
{{- $surge := dig "maxSurge" nil $rolling | default 0 | toString | trimSuffix "%" | int64 -}}
{{- $unavailable := dig "maxUnavailable" nil $rolling | default 0 | toString | trimSuffix "%" | int64 -}}
{{- if and $rolling (eq $surge 0) (eq $unavailable 0) -}}
{{- fail "strategy.rollingUpdate.maxSurge and maxUnavailable are both 0, so no pod could ever be replaced. Raise one of them." -}}
{{- end -}}
{{- if and $daemonSet .Values.hostNetwork (gt $surge 0) -}}
{{- fail "strategy.rollingUpdate.maxSurge is above 0, but two pods of a DaemonSet with hostNetwork need the same ports of a node. Set maxSurge to 0 and maxUnavailable to 1." -}}
{{- end -}}
{{- if and $daemonSet (gt $surge 0) (gt $unavailable 0) -}}
{{- fail "strategy.rollingUpdate.maxSurge and maxUnavailable are both above 0, which a DaemonSet does not support. Set one of them to 0." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails if rules were given that no NetworkPolicy can enforce. */}}
{{- define "epoll-echo.requireEnforceable" -}}
{{- if and .Values.hostNetwork .Values.networkPolicy.enabled -}}
{{- range $name := list "echoFrom" "managementFrom" "egress" -}}
{{- if get $.Values.networkPolicy $name -}}
{{- fail (printf "networkPolicy.%s is set, but a NetworkPolicy has no effect on pods with hostNetwork. Remove it, and restrict the ports by the firewall of the nodes." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails if a Service port does not exist: include "epoll-echo.requireServicePort" (list . "gateway.tcpRoute.port" 7777) */}}
{{- define "epoll-echo.requireServicePort" -}}
{{- $root := index . 0 -}}
{{- $ports := list ($root.Values.service.port | int64) -}}
{{- range (include "epoll-echo.listeners" $root | fromYaml).listeners -}}
{{- $ports = append $ports (.servicePort | int64) -}}
{{- end -}}
{{- if not (has (index . 2 | int64) $ports) -}}
{{- fail (printf "%s is %d, which is no port of the echo Service. Its ports are: %s." (index . 1) (index . 2 | int64) (join ", " $ports)) -}}
{{- end -}}
{{- end -}}

{{/* The version of a route's API that the cluster serves: include "epoll-echo.routeVersion" (list . "TCPRoute") */}}
{{- define "epoll-echo.routeVersion" -}}
{{- $apis := (index . 0).Capabilities.APIVersions -}}
{{- $kind := index . 1 -}}
{{- $version := "v1" -}}
{{- range list "v1alpha2" "v1alpha3" "v1" -}}
{{- if $apis.Has (printf "gateway.networking.k8s.io/%s/%s" . $kind) -}}{{- $version = . -}}{{- end -}}
{{- end -}}
{{- printf "gateway.networking.k8s.io/%s" $version -}}
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
{{- $context := printf "%s%s"
    (dig "server" "servlet" "context-path" "" .Values.config | trimSuffix "/")
    (dig "spring" "mvc" "servlet" "path" "" .Values.config | trimSuffix "/") -}}
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
{{- if and .trust (not .secretName) -}}
{{- fail "tls.trust is true, but tls.secretName is not set, so there is no authority to trust. Set it to the Secret with ca.crt." -}}
{{- end -}}
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

{{/*
The ConfigMap is named by its content, so that each revision of the workload keeps its own: a pod of
the old revision that restarts during a rollout, or after a rollback, reads what it was made for.
*/}}
{{- define "epoll-echo.configName" -}}
{{- printf "%s-%s" (include "epoll-echo.fullname" .) (include "epoll-echo.application" . | sha256sum | trunc 10) -}}
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

{{/* Fails if the default listener requires a client certificate that its user does not have. */}}
{{- define "epoll-echo.requireClientCertificate" -}}
{{- $server := dig "echo" "server" dict .Values.config | default dict -}}
{{- if and (eq (dig "ssl" "client-auth" "none" $server | toString) "need") (not .Values.tls.clientSecretName) -}}
{{- $probe := and .Values.probe.enabled (not .Values.probe.target) (not (has "--cert" .Values.probe.extraArgs)) -}}
{{- if or .Values.test.enabled $probe -}}
{{- fail (printf "config.echo.server.ssl.client-auth is need, but %s no client certificate. Set tls.clientSecretName%s." (.Values.test.enabled | ternary "helm test has" "the probe has") (.Values.test.enabled | ternary ", or set test.enabled to false" ", or pass --cert and --key in probe.extraArgs")) -}}
{{- end -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $listeners := dig "listeners" dict $server | default dict -}}
{{- range .Values.tls.listeners -}}
{{- $ssl := eq . "default" | ternary (dig "ssl" dict $server) (dig . "ssl" dict $listeners) | default dict -}}
{{- if and (eq (dig "client-auth" "none" $ssl | toString) "need") (not $.Values.tls.trust) -}}
{{- fail (printf "The listener %s requires client certificates, but tls.trust is false, so it would trust only public authorities. Set tls.trust to true, with the clients' authority as ca.crt in the Secret." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
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
{{- if .Values.tls.clientSecretName -}}
{{- $args = concat $args (list "--cert" "/client/tls.crt" "--key" "/client/tls.key") -}}
{{- end -}}
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
path: {{ include "epoll-echo.endpointPath" (list . "prometheus") | quote }}
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
