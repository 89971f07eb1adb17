{{- define "epoll-echo.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for the suffixes "-management" and "-dashboard". */}}
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

{{- define "epoll-echo.managementName" -}}
{{- printf "%s-management" (include "epoll-echo.fullname" .) -}}
{{- end -}}

{{- define "epoll-echo.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "epoll-echo.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* What tells the pods of this release from all others; it can never change. */}}
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

{{/* Of every object, with its component: include "epoll-echo.labels" (list . "server") */}}
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

{{/* "annotations:" with what is given, or nothing: include "epoll-echo.annotations" (list . map) */}}
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

{{/* The ports and paths of the application, as Spring reads them from the configuration. */}}

{{- define "epoll-echo.echoPort" -}}
{{- dig "echo" "server" "port" 7777 .Values.config | int64 -}}
{{- end -}}

{{- define "epoll-echo.managementPort" -}}
{{- $http := dig "server" "port" 8080 .Values.config -}}
{{- dig "management" "server" "port" $http .Values.config | int64 -}}
{{- end -}}

{{/* Without a slash at its end. */}}
{{- define "epoll-echo.managementPath" -}}
{{- $http := dig "server" "port" 8080 .Values.config | int64 -}}
{{- $context := dig "server" "servlet" "context-path" "" .Values.config -}}
{{- if ne (include "epoll-echo.managementPort" . | int64) $http -}}
{{- $context = dig "management" "server" "base-path" "" .Values.config -}}
{{- end -}}
{{- $base := dig "management" "endpoints" "web" "base-path" "/actuator" .Values.config -}}
{{- printf "%s%s" ($context | trimSuffix "/") (printf "/%s" ($base | trimAll "/") | trimSuffix "/") -}}
{{- end -}}

{{/*
Times. Kubernetes knows whole seconds, Spring durations; the shutdown has to be the same for both:

  preStop sleep │ SIGTERM, drain up to drain-timeout │ 5 s for Spring │ rest of the margin │ SIGKILL
*/}}

{{/* Milliseconds of a duration of Spring: include "epoll-echo.milliseconds" (list "name" "20s") */}}
{{- define "epoll-echo.milliseconds" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- $text := ternary (printf "%v" $value) ($value | int64 | toString) (kindIs "string" $value) -}}
{{- if not (regexMatch "^[0-9]{1,12}(ms|s|m|h|d)?$" $text) -}}
{{- fail (printf "%s is %q: allowed is a number with ms, s, m, h or d, such as 20s, 500ms or 1m" $name $text) -}}
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

{{/* What Spring gives each phase of its shutdown; the application wants two seconds above the drain. */}}
{{- define "epoll-echo.phaseSeconds" -}}
{{- add (include "epoll-echo.drainSeconds" . | int64) 5 -}}
{{- end -}}

{{- define "epoll-echo.gracePeriodSeconds" -}}
{{- add (.Values.shutdown.preStopSeconds | int64) (include "epoll-echo.drainSeconds" . | int64) (.Values.shutdown.marginSeconds | int64) -}}
{{- end -}}

{{/* application.yml: the configuration with what is derived. */}}
{{- define "epoll-echo.application" -}}
{{- if not (kindIs "invalid" (dig "spring" "lifecycle" "timeout-per-shutdown-phase" nil .Values.config)) -}}
{{- fail "config.spring.lifecycle.timeout-per-shutdown-phase is derived from config.echo.server.shutdown.drain-timeout: set that one" -}}
{{- end -}}
{{- $derived := dict "spring" (dict "lifecycle" (dict "timeout-per-shutdown-phase" (printf "%ss" (include "epoll-echo.phaseSeconds" .)))) -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $derived | toYaml -}}
{{- end -}}

{{/* The one place that knows the command line of the probe client in the image. */}}
{{- define "epoll-echo.probeArgs" -}}
{{- list
    "probe"
    (printf "%s:%d" (include "epoll-echo.fullname" .) (.Values.service.port | int64))
    "--connections" (.Values.test.connections | int64 | toString)
    "--duration" .Values.test.duration
    | toYaml -}}
{{- end -}}
