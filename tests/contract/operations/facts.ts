/**
 * What Harbor's answers look like, in short: `field:type`, with `!` where the field is there even when it is empty (others are left
 * out then), with `?` where it may be null. `[x]` is a list, `{x}` a map; a line that begins with a space goes on.
 */
const DEFINITIONS = `
Access resource:string action:string effect:string
Accessory id:integer artifact_id!:integer subject_artifact_id:integer subject_artifact_digest!:string
 subject_artifact_repo!:string size!:integer digest!:string type!:string icon!:string creation_time:time
AdditionLink href:string absolute!:boolean
Artifact id:integer type:string media_type:string manifest_media_type:string artifact_type:string
 project_id:integer repository_id:integer repository_name:string digest:string size:integer icon:string
 push_time:time pull_time:time extra_attrs:{object} annotations:{string} references:[Reference] tags:[Tag]
 addition_links:{AdditionLink} labels:[Label] scan_overview:{NativeReportSummary} sbom_overview:SBOMOverview
 accessories:[Accessory] inherited_accessories:[Accessory]
AuditLog id:integer username:string resource:string resource_type:string operation:string op_time:time
AuditLogEventType event_type:string
AuditLogExt id:integer username:string resource:string resource_type:string operation:string
 operation_description:string operation_result!:boolean op_time:time
AuthproxySetting endpoint:string tokenreivew_endpoint:string skip_search:boolean verify_cert:boolean
 server_certificate:string
BoolConfigItem value!:boolean editable!:boolean
CVEAllowlist id:integer project_id:integer expires_at?:integer items:[CVEAllowlistItem] creation_time:time
 update_time:time
CVEAllowlistItem cve_id:string
ComponentHealthStatus name:string status:string error:string
ConfigurationsResponse auth_mode:StringConfigItem primary_auth_mode:BoolConfigItem
 ldap_base_dn:StringConfigItem ldap_filter:StringConfigItem ldap_group_base_dn:StringConfigItem
 ldap_group_admin_dn:StringConfigItem ldap_group_attribute_name:StringConfigItem
 ldap_group_search_filter:StringConfigItem ldap_group_search_scope:IntegerConfigItem
 ldap_group_attach_parallel:BoolConfigItem ldap_scope:IntegerConfigItem ldap_search_dn:StringConfigItem
 ldap_timeout:IntegerConfigItem ldap_uid:StringConfigItem ldap_url:StringConfigItem
 ldap_verify_cert:BoolConfigItem ldap_group_membership_attribute:StringConfigItem
 project_creation_restriction:StringConfigItem read_only:BoolConfigItem self_registration:BoolConfigItem
 token_expiration:IntegerConfigItem uaa_client_id:StringConfigItem uaa_client_secret:StringConfigItem
 uaa_endpoint:StringConfigItem uaa_verify_cert:BoolConfigItem http_authproxy_endpoint:StringConfigItem
 http_authproxy_tokenreview_endpoint:StringConfigItem http_authproxy_admin_groups:StringConfigItem
 http_authproxy_admin_usernames:StringConfigItem http_authproxy_verify_cert:BoolConfigItem
 http_authproxy_skip_search:BoolConfigItem http_authproxy_server_certificate:StringConfigItem
 oidc_name:StringConfigItem oidc_endpoint:StringConfigItem oidc_client_id:StringConfigItem
 oidc_groups_claim:StringConfigItem oidc_admin_group:StringConfigItem oidc_group_filter:StringConfigItem
 oidc_scope:StringConfigItem oidc_user_claim:StringConfigItem oidc_verify_cert:BoolConfigItem
 oidc_auto_onboard:BoolConfigItem oidc_extra_redirect_parms:StringConfigItem oidc_logout:BoolConfigItem
 robot_token_duration:IntegerConfigItem robot_name_prefix:StringConfigItem
 notification_enable:BoolConfigItem quota_per_project_enable:BoolConfigItem
 storage_per_project:IntegerConfigItem audit_log_forward_endpoint:StringConfigItem
 skip_audit_log_database:BoolConfigItem scanner_skip_update_pulltime:BoolConfigItem scan_all_policy:object
 session_timeout:IntegerConfigItem banner_message:StringConfigItem
 disabled_audit_log_event_types:StringConfigItem
DangerousArtifact project_id:integer repository_name:string digest:string critical_cnt!:integer
 high_cnt!:integer medium_cnt!:integer
DangerousCVE cve_id:string severity:string cvss_score_v3:number desc:string package:string version:string
ExecHistory id:integer job_name:string job_kind:string job_parameters:string schedule:ScheduleObj
 job_status:string deleted:boolean creation_time:time update_time:time
Execution id:integer vendor_type:string vendor_id:integer status:string status_message:string
 metrics:Metrics trigger:string extra_attrs:{object} start_time:string end_time:string
FilterStyle type:string style:string values:[string]
GCHistory id:integer job_name:string job_kind:string job_parameters:string schedule:ScheduleObj
 job_status:string deleted:boolean creation_time:time update_time:time
GeneralInfo banner_message?:string current_time?:time registry_url?:string external_url?:string
 auth_mode?:string primary_auth_mode?:boolean project_creation_restriction?:string
 self_registration?:boolean has_ca_root?:boolean harbor_version?:string
 registry_storage_provider_name?:string read_only?:boolean notification_enable?:boolean
 authproxy_settings?:AuthproxySetting oidc_provider_name?:string
Icon content-type:string content:string
ImmutableRule id:integer priority:integer disabled:boolean action:string template:string params:{object}
 tag_selectors:[ImmutableSelector] scope_selectors:{[ImmutableSelector]}
ImmutableSelector kind:string decoration:string pattern:string extras:string
Instance id:integer name:string description:string vendor:string endpoint:string auth_mode:string
 auth_info:{string} status:string enabled!:boolean default!:boolean insecure!:boolean
 setup_timestamp:integer
IntegerConfigItem value!:integer editable!:boolean
InternalConfigurationValue value:object editable!:boolean
JobQueue job_type:string count:integer latency:integer paused!:boolean
Label id:integer name:string description:string color:string scope:string project_id:integer
 creation_time:time update_time:time
LdapPingResult success:boolean message:string
LdapUser username:string realname:string email:string
Metadata id:string name:string icon:string maintainers:[string] version:string source:string
Metrics task_count:integer success_task_count:integer error_task_count:integer pending_task_count:integer
 running_task_count:integer scheduled_task_count:integer stopped_task_count:integer
NativeReportSummary report_id:string scan_status:string severity:string duration:integer
 summary:VulnerabilitySummary start_time:time end_time:time complete_percent:integer scanner:Scanner
OIDCUserInfo id:integer user_id:integer subiss:string secret:string creation_time:time update_time:time
OverallHealthStatus status:string components:[ComponentHealthStatus]
PayloadFormat notify_type:string formats:[string]
Permission resource:string action:string
Permissions system:[Permission] project:[Permission]
Platform architecture:string os:string os.version:string os.features:[string] variant:string
PreheatPolicy id:integer name:string description:string project_id:integer provider_id:integer
 provider_name:string filters:string trigger:string enabled!:boolean extra_attrs:string creation_time:time
 update_time:time
Project project_id:integer owner_id:integer name:string registry_id:integer creation_time:time
 update_time:time deleted:boolean owner_name:string togglable:boolean current_user_role_id:integer
 current_user_role_ids:[integer] repo_count!:integer metadata:ProjectMetadata cve_allowlist:CVEAllowlist
ProjectDeletable deletable:boolean message:string
ProjectMemberEntity id:integer project_id:integer entity_name:string role_name:string role_id:integer
 entity_id:integer entity_type:string
ProjectMetadata public:string enable_content_trust?:string enable_content_trust_cosign?:string
 prevent_vul?:string severity?:string auto_scan?:string auto_sbom_generation?:string
 reuse_sys_cve_allowlist?:string retention_id?:string proxy_speed_kb?:string max_upstream_conn?:string
 proxy_cache_local_on_not_found?:string proxy_referrer_api?:string proxy_cache_filter_pattern?:string
 proxy_cache_filter_kind?:string
ProjectSummary repo_count!:integer project_admin_count:integer maintainer_count:integer
 developer_count:integer guest_count:integer limited_guest_count:integer quota:ProjectSummaryQuota
 registry:Registry
ProjectSummaryQuota hard:{integer} used:{integer}
ProviderUnderProject id:integer provider:string enabled:boolean default:boolean
Quota id:integer ref:{any} hard!:{integer} used!:{integer} creation_time:time update_time:time
Reference parent_id:integer child_id:integer child_digest:string platform:Platform annotations:{string}
 urls:[string]
Registry id!:integer url:string name:string credential:RegistryCredential type:string insecure:boolean
 ca_certificate?:string description:string status:string creation_time:time update_time:time
RegistryCredential type:string access_key:string access_secret:string
RegistryEndpoint key:string value:string
RegistryInfo type:string description:string supported_resource_filters:[FilterStyle]
 supported_triggers:[string] supported_copy_by_chunk:boolean
RegistryProviderCredentialPattern access_key_type:string access_key_data:string access_secret_type:string
 access_secret_data:string
RegistryProviderEndpointPattern endpoint_type:string endpoints:[RegistryEndpoint]
RegistryProviderInfo endpoint_pattern:RegistryProviderEndpointPattern
 credential_pattern:RegistryProviderCredentialPattern
ReplicationExecution id:integer policy_id:integer status:string trigger:string start_time:time end_time:time
 status_text!:string total!:integer failed!:integer succeed!:integer in_progress!:integer stopped!:integer
ReplicationFilter type:string value:any decoration:string
ReplicationPolicy id:integer name:string description:string src_registry:Registry dest_registry:Registry
 dest_namespace:string dest_namespace_replace_count:integer trigger:ReplicationTrigger
 filters:[ReplicationFilter] replicate_deletion:boolean deletion:boolean override:boolean enabled:boolean
 creation_time:time update_time:time speed:integer copy_by_chunk:boolean single_active_replication:boolean
ReplicationTask id:integer execution_id:integer status:string job_id:string operation:string
 resource_type:string src_resource:string dst_resource:string start_time:time end_time:time
ReplicationTrigger type:string trigger_settings:ReplicationTriggerSettings
ReplicationTriggerSettings cron:string
Repository id:integer project_id:integer name:string description:string artifact_count!:integer
 pull_count!:integer creation_time?:time update_time:time
RetentionExecution id:integer policy_id:integer start_time:string end_time:string status:string
 trigger:string dry_run:boolean
RetentionExecutionTask id:integer execution_id:integer repository:string job_id:string status:string
 status_code!:integer status_revision:integer start_time:string end_time:string total!:integer
 retained!:integer
RetentionMetadata templates:[RetentionRuleMetadata] scope_selectors:[RetentionSelectorMetadata]
 tag_selectors:[RetentionSelectorMetadata]
RetentionPolicy id:integer algorithm:string rules:[RetentionRule] trigger:RetentionRuleTrigger
 scope:RetentionPolicyScope
RetentionPolicyScope level:string ref:integer
RetentionRule id:integer priority:integer disabled:boolean action:string template:string params:{object}
 tag_selectors:[RetentionSelector] scope_selectors:{[RetentionSelector]}
RetentionRuleMetadata rule_template:string display_text:string action:string
 params:[RetentionRuleParamMetadata]
RetentionRuleParamMetadata type:string unit:string required:boolean
RetentionRuleTrigger kind:string settings:object references:object
RetentionSelector kind:string decoration:string pattern:string extras:string
RetentionSelectorMetadata display_text:string kind:string decorations:[string]
Robot id:integer name:string description:string secret:string level:string duration?:integer
 editable!:boolean disable!:boolean expires_at:integer permissions:[RobotPermission] creator_type:string
 creator_ref:integer creation_time:time update_time:time
RobotCreated id:integer name:string secret:string creation_time:time expires_at:integer
RobotPermission kind:string namespace:string access:[Access]
RobotSec secret:string
SBOMOverview start_time:time end_time:time scan_status:string sbom_digest:string report_id:string
 duration:integer scanner:Scanner
ScanDataExportExecution id:integer user_id:integer status:string trigger:string start_time:time
 end_time:time status_text!:string user_name!:string file_present!:boolean
ScanDataExportExecutionList items:[ScanDataExportExecution]
ScanDataExportJob id:integer
Scanner name:string vendor:string version:string
ScannerAdapterMetadata scanner:Scanner capabilities:[ScannerCapability] properties:{string}
ScannerCapability type!:string consumes_mime_types:[string] produces_mime_types:[string]
ScannerRegistration uuid:string name:string description!:string url:string disabled!:boolean
 is_default!:boolean auth!:string access_credential!:string skip_certVerify!:boolean
 use_internal_addr!:boolean create_time:time update_time:time adapter:string vendor:string version:string
 health:string capabilities:object
Schedule id:integer status:string creation_time:time update_time:time schedule:ScheduleObj
 parameters:{object}
ScheduleObj type:string cron:string next_scheduled_time:time
ScheduleTask id:integer vendor_type:string vendor_id:integer cron:string update_time:time
SchedulerStatus paused!:boolean
Search project:[Project] repository:[SearchRepository]
SearchRepository project_id:integer project_name:string project_public:boolean repository_name:string
 pull_count:integer artifact_count:integer
SecuritySummary critical_cnt!:integer high_cnt:integer medium_cnt!:integer low_cnt!:integer none_cnt:integer
 unknown_cnt:integer total_vuls!:integer scanned_cnt!:integer total_artifact!:integer fixable_cnt!:integer
 dangerous_cves:[DangerousCVE] dangerous_artifacts:[DangerousArtifact]
Statistic private_project_count!:integer private_repo_count!:integer public_project_count!:integer
 public_repo_count!:integer total_project_count!:integer total_repo_count!:integer
 total_storage_consumption!:integer
Stats total!:integer completed!:integer metrics:{integer} ongoing!:boolean trigger:string
Storage total:integer free:integer
StringConfigItem value!:string editable!:boolean
SupportedWebhookEventTypes event_type:[string] notify_type:[string] payload_formats:[PayloadFormat]
SystemInfo storage:[Storage]
Tag id:integer repository_id:integer artifact_id:integer name:string push_time:time pull_time:time
 immutable!:boolean
Task id:integer execution_id:integer status:string status_message:string run_count:integer
 extra_attrs:{object} creation_time:string update_time:string start_time:string end_time:string
UserGroup id:integer group_name:string group_type:integer ldap_group_dn:string
UserGroupSearchItem id:integer group_name:string group_type:integer
UserResp email:string realname:string comment:string user_id:integer username:string sysadmin_flag!:boolean
 admin_role_in_auth!:boolean oidc_user_meta:OIDCUserInfo creation_time:time update_time:time
UserSearchRespItem user_id:integer username:string
VulnerabilityItem project_id:integer repository_name:string digest:string tags:[string] cve_id:string
 severity:string status:string cvss_v3_score:number package:string version:string fixed_version:string
 desc:string links:[string]
VulnerabilitySummary total!:integer fixable!:integer summary!:{integer}
WebhookJob id:integer policy_id:integer event_type:string notify_type:string status:string job_detail:string
 creation_time:time update_time:time
WebhookLastTrigger policy_name:string event_type:string enabled:boolean creation_time:time
 last_trigger_time:time
WebhookPolicy id:integer name:string description:string project_id:integer targets:[WebhookTargetObject]
 event_types:[string] creator:string creation_time:time update_time:time enabled!:boolean
WebhookTargetObject type:string address:string auth_header:string skip_cert_verify:boolean
 payload_format:string
Worker id:string pool_id:string job_name:string job_id:string start_at?:time check_in:string
 checkin_at?:time
WorkerPool pid:integer worker_pool_id:string start_at:time heartbeat_at:time concurrency:integer host:string
`

/** What a success of an operation carries; one that is not here has no body, or not JSON. */
const ANSWERS = `
getHealth OverallHealthStatus
search Search
getStatistic Statistic
pingLdap LdapPingResult
searchLdapUser [LdapUser]
searchLdapGroup [UserGroup]
getInternalconfig {InternalConfigurationValue}
getConfigurations ConfigurationsResponse
listProjects [Project]
getProject Project
getProjectDeletable ProjectDeletable
getProjectSummary ProjectSummary
listProjectMembers [ProjectMemberEntity]
getProjectMember ProjectMemberEntity
listProjectMetadatas {string}
getProjectMetadata {string}
listAllRepositories [Repository]
listRepositories [Repository]
getRepository Repository
listArtifacts [Artifact]
getArtifact Artifact
getReportLog string
listTags [Tag]
listAccessories [Accessory]
getVulnerabilitiesAddition string
getAddition string
listArtifactsOfProject [Artifact]
getScannerOfProject ScannerRegistration
listScannerCandidatesOfProject [ScannerRegistration]
listAuditLogs [AuditLog]
listAuditLogExts [AuditLogExt]
listAuditLogEventTypes [AuditLogEventType]
getLogs [AuditLog]
getLogExts [AuditLogExt]
ListProviders [Metadata]
ListInstances [Instance]
GetInstance Instance
ListPolicies [PreheatPolicy]
GetPolicy PreheatPolicy
ListExecutions [Execution]
GetExecution Execution
ListTasks [Task]
GetPreheatLog string
ListProvidersUnderProject [ProviderUnderProject]
ListImmuRules [ImmutableRule]
ListWebhookPoliciesOfProject [WebhookPolicy]
GetWebhookPolicyOfProject WebhookPolicy
ListExecutionsOfWebhookPolicy [Execution]
ListTasksOfWebhookExecution [Task]
GetLogsOfWebhookTask string
LastTrigger [WebhookLastTrigger]
ListWebhookJobs [WebhookJob]
GetSupportedEventTypes SupportedWebhookEventTypes
listUserGroups [UserGroup]
searchUserGroups [UserGroupSearchItem]
getUserGroup UserGroup
getIcon Icon
ListRobot [Robot]
CreateRobot RobotCreated
listQuotas [Quota]
getQuota Quota
GetRobotByID Robot
RefreshSec RobotSec
listReplicationPolicies [ReplicationPolicy]
getReplicationPolicy ReplicationPolicy
listReplicationExecutions [ReplicationExecution]
getReplicationExecution ReplicationExecution
listReplicationTasks [ReplicationTask]
getReplicationLog string
listRegistryProviderTypes [string]
listRegistryProviderInfos {RegistryProviderInfo}
listRegistries [Registry]
getRegistry Registry
getRegistryInfo RegistryInfo
getLatestScanAllMetrics Stats
getLatestScheduledScanAllMetrics Stats
getSystemInfo GeneralInfo
getVolumes SystemInfo
getGCHistory [GCHistory]
getGC GCHistory
getGCLog string
getGCSchedule GCHistory
getPurgeHistory [ExecHistory]
getPurgeJob ExecHistory
getPurgeJobLog string
getPurgeSchedule ExecHistory
getSystemCVEAllowlist CVEAllowlist
getScanAllSchedule Schedule
getWorkerPools [WorkerPool]
getWorkers [Worker]
actionGetJobLog string
listJobQueues [JobQueue]
listSchedules [ScheduleTask]
getSchedulePaused SchedulerStatus
getPing string
getRentenitionMetadata RetentionMetadata
getRetention RetentionPolicy
listRetentionExecutions [RetentionExecution]
listRetentionTasks [RetentionExecutionTask]
getRetentionTaskLog string
listScanners [ScannerRegistration]
getScanner ScannerRegistration
deleteScanner ScannerRegistration
getScannerMetadata ScannerAdapterMetadata
listUsers [UserResp]
getCurrentUserInfo UserResp
searchUsers [UserSearchRespItem]
getUser UserResp
getCurrentUserPermissions [Permission]
ListLabels [Label]
GetLabelByID Label
exportScanData ScanDataExportJob
getScanDataExportExecution ScanDataExportExecution
getScanDataExportExecutionList ScanDataExportExecutionList
getSecuritySummary SecuritySummary
ListVulnerabilities [VulnerabilityItem]
getPermissions Permissions
`

export interface Field {
  name: string
  type: string
  always: boolean
  nullable: boolean
}

/** The fields of each object. */
export const HARBOR_FIELDS: ReadonlyMap<string, readonly Field[]> = new Map(
  DEFINITIONS.trim()
    .replaceAll('\n ', ' ')
    .split('\n')
    .map((line) => {
      const [name = '', ...fields] = line.split(' ')
      return [name, fields.map(parseField)]
    }),
)

/** The type of the body of each operation's success. */
export const HARBOR_ANSWERS: ReadonlyMap<string, string> = new Map(
  ANSWERS.trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string]),
)

function parseField(text: string): Field {
  const [, name = '', always, nullable, type = ''] = /^([^!?:]+)(!?)(\??):(.+)$/.exec(text) ?? []

  return { name, type, always: always === '!', nullable: nullable === '?' }
}
