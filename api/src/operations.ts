/** One operation of Harbor's REST interface. */
export interface HarborOperation {
  /** By which generated clients know it. */
  id: string
  tag: string
  method: string
  /** Below `/api/v2.0`, parameters in braces. */
  path: string
  /** What it is described to answer, successes first; 500 goes without saying. */
  statuses: number[]
}

/** A line an operation, below the tag that it belongs to. */
const TABLE = `
[health]
getHealth GET /health 200
[search]
search GET /search 200
[statistic]
getStatistic GET /statistics 200 401
[Ldap]
pingLdap POST /ldap/ping 200 400 401 403
searchLdapUser GET /ldap/users/search 200 400 401 403
importLdapUser POST /ldap/users/import 200 400 401 403 404
searchLdapGroup GET /ldap/groups/search 200 400 401 403
[configure]
getInternalconfig GET /internalconfig 200 401 403
getConfigurations GET /configurations 200 401 403
updateConfigurations PUT /configurations 200 400 401 403 422
[project]
listProjects GET /projects 200 400 401 422
headProject HEAD /projects 200 400 404
createProject POST /projects 201 400 401 409
getProject GET /projects/{project_name_or_id} 200 401 403 404
updateProject PUT /projects/{project_name_or_id} 200 400 401 403 404
deleteProject DELETE /projects/{project_name_or_id} 200 400 403 404 412
getProjectDeletable GET /projects/{project_name_or_id}/_deletable 200 401 403 404
getProjectSummary GET /projects/{project_name_or_id}/summary 200 400 401 403 404
listArtifactsOfProject GET /projects/{project_name_or_id}/artifacts 200 400 401 403 404 422
getScannerOfProject GET /projects/{project_name_or_id}/scanner 200 400 401 403 404
setScannerOfProject PUT /projects/{project_name_or_id}/scanner 200 400 401 403 404
listScannerCandidatesOfProject GET /projects/{project_name_or_id}/scanner/candidates 200 400 401 403
getLogs GET /projects/{project_name}/logs 200 400 401
getLogExts GET /projects/{project_name}/auditlog-exts 200 400 401
[member]
listProjectMembers GET /projects/{project_name_or_id}/members 200 400 401 403 404
createProjectMember POST /projects/{project_name_or_id}/members 201 400 401 403 409
getProjectMember GET /projects/{project_name_or_id}/members/{mid} 200 400 401 403 404
updateProjectMember PUT /projects/{project_name_or_id}/members/{mid} 200 400 401 403 404
deleteProjectMember DELETE /projects/{project_name_or_id}/members/{mid} 200 400 401 403 404
[projectMetadata]
listProjectMetadatas GET /projects/{project_name_or_id}/metadatas/ 200 400 401 403 404
addProjectMetadatas POST /projects/{project_name_or_id}/metadatas/ 200 400 401 403 404 409
getProjectMetadata GET /projects/{project_name_or_id}/metadatas/{meta_name} 200 400 401 403 404
updateProjectMetadata PUT /projects/{project_name_or_id}/metadatas/{meta_name} 200 400 401 403 404 409
deleteProjectMetadata DELETE /projects/{project_name_or_id}/metadatas/{meta_name} 200 400 401 403 404 409
[repository]
listAllRepositories GET /repositories 200 400
listRepositories GET /projects/{project_name}/repositories 200 400 401 403 404 422
getRepository GET /projects/{project_name}/repositories/{repository_name} 200 400 401 403 404
updateRepository PUT /projects/{project_name}/repositories/{repository_name} 200 400 401 403 404
deleteRepository DELETE /projects/{project_name}/repositories/{repository_name} 200 400 401 403 404 412
[artifact]
listArtifacts GET /projects/{project_name}/repositories/{repository_name}/artifacts 200 400 401 403 404 422
CopyArtifact POST /projects/{project_name}/repositories/{repository_name}/artifacts 201 400 401 403 404 405
getArtifact GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference} 200 400 401 403 404
deleteArtifact DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference} 200 401 403 404
createTag POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags 201 400 401 403 404 405 409
listTags GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags 200 400 401 403 404 422
deleteTag DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags/{tag_name} 200 401 403 404
listAccessories GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/accessories 200 400 401 403 404
getVulnerabilitiesAddition GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/vulnerabilities 200 400 401 403 404
getAddition GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition} 200 400 401 403 404 422
addLabel POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels 200 400 401 403 404 409
removeLabel DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels/{label_id} 200 401 403 404 409
[scan]
scanArtifact POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan 202 400 401 403 404 422
stopScanArtifact POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/stop 202 400 401 403 404 422
getReportLog GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/scan/{report_id}/log 200 400 401 403 404
[auditlog]
listAuditLogs GET /audit-logs 200 400 401
listAuditLogExts GET /auditlog-exts 200 400 401
listAuditLogEventTypes GET /auditlog-exts/events 200 401 403
[preheat]
ListProviders GET /p2p/preheat/providers 200 400 401 403 404
PingInstances POST /p2p/preheat/instances/ping 200 400 401 404
ListInstances GET /p2p/preheat/instances 200 400 401 403 404
CreateInstance POST /p2p/preheat/instances 201 400 401 403 404 409
GetInstance GET /p2p/preheat/instances/{preheat_instance_name} 200 400 401 403 404
DeleteInstance DELETE /p2p/preheat/instances/{preheat_instance_name} 200 401 403 404
UpdateInstance PUT /p2p/preheat/instances/{preheat_instance_name} 200 400 401 403 404
CreatePolicy POST /projects/{project_name}/preheat/policies 201 400 401 403 409
ListPolicies GET /projects/{project_name}/preheat/policies 200 400 401 403
GetPolicy GET /projects/{project_name}/preheat/policies/{preheat_policy_name} 200 400 401 404 403
UpdatePolicy PUT /projects/{project_name}/preheat/policies/{preheat_policy_name} 200 400 401 404 403 409
ManualPreheat POST /projects/{project_name}/preheat/policies/{preheat_policy_name} 201 400 401 404 403
DeletePolicy DELETE /projects/{project_name}/preheat/policies/{preheat_policy_name} 200 400 401 404 403
ListExecutions GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions 200 400 401 404 403
GetExecution GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id} 200 400 401 404 403
StopExecution PATCH /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id} 200 400 401 404 403
ListTasks GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks 200 400 401 404 403
GetPreheatLog GET /projects/{project_name}/preheat/policies/{preheat_policy_name}/executions/{execution_id}/tasks/{task_id}/logs 200 400 401 404 403
ListProvidersUnderProject GET /projects/{project_name}/preheat/providers 200 400 401 403 404
[immutable]
ListImmuRules GET /projects/{project_name_or_id}/immutabletagrules 200 400 401 403
CreateImmuRule POST /projects/{project_name_or_id}/immutabletagrules 201 400 401 403 404
UpdateImmuRule PUT /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id} 200 400 401 403 404
DeleteImmuRule DELETE /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id} 200 400 401 403 404
[webhook]
ListWebhookPoliciesOfProject GET /projects/{project_name_or_id}/webhook/policies 200 400 401 403
CreateWebhookPolicyOfProject POST /projects/{project_name_or_id}/webhook/policies 201 400 401 403
GetWebhookPolicyOfProject GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id} 200 400 401 403 404
UpdateWebhookPolicyOfProject PUT /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id} 200 400 401 403 404
DeleteWebhookPolicyOfProject DELETE /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id} 200 400 401 403 404
ListExecutionsOfWebhookPolicy GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions 200 400 401 404 403
ListTasksOfWebhookExecution GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks 200 400 401 404 403
GetLogsOfWebhookTask GET /projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/executions/{execution_id}/tasks/{task_id}/log 200 400 401 404 403
LastTrigger GET /projects/{project_name_or_id}/webhook/lasttrigger 200 400 401 403
GetSupportedEventTypes GET /projects/{project_name_or_id}/webhook/events 200 401 403
[webhookjob]
ListWebhookJobs GET /projects/{project_name_or_id}/webhook/jobs 200 400 401 403
[usergroup]
listUserGroups GET /usergroups 200 401 403
createUserGroup POST /usergroups 201 400 401 403 409
searchUserGroups GET /usergroups/search 200 401 409
getUserGroup GET /usergroups/{group_id} 200 400 401 403 404
updateUserGroup PUT /usergroups/{group_id} 200 400 401 403 404
deleteUserGroup DELETE /usergroups/{group_id} 200 400 401 403
[icon]
getIcon GET /icons/{digest} 200 400 404
[robot]
ListRobot GET /robots 200 400 404
CreateRobot POST /robots 201 400 401 403 404
GetRobotByID GET /robots/{robot_id} 200 401 403 404
UpdateRobot PUT /robots/{robot_id} 200 400 401 403 404 409
RefreshSec PATCH /robots/{robot_id} 200 400 401 404 403
DeleteRobot DELETE /robots/{robot_id} 200 400 401 403 404
[quota]
listQuotas GET /quotas 200 401 403
getQuota GET /quotas/{id} 200 401 403 404
updateQuota PUT /quotas/{id} 200 400 401 403 404
[replication]
listReplicationPolicies GET /replication/policies 200 401 403
createReplicationPolicy POST /replication/policies 201 400 401 403 409
getReplicationPolicy GET /replication/policies/{id} 200 401 403
deleteReplicationPolicy DELETE /replication/policies/{id} 200 401 403 404 412
updateReplicationPolicy PUT /replication/policies/{id} 200 400 401 403 404 409
listReplicationExecutions GET /replication/executions 200 401 403
startReplication POST /replication/executions 201 400 401 403
getReplicationExecution GET /replication/executions/{id} 200 401 403 404
stopReplication PUT /replication/executions/{id} 200 401 403 404
listReplicationTasks GET /replication/executions/{id}/tasks 200 401 403
getReplicationLog GET /replication/executions/{id}/tasks/{task_id}/log 200 401 403 404
[registry]
listRegistryProviderTypes GET /replication/adapters 200 401 403
listRegistryProviderInfos GET /replication/adapterinfos 200 401 403
createRegistry POST /registries 201 400 401 403 409
listRegistries GET /registries 200 401 403
pingRegistry POST /registries/ping 200 400 401 403 404
getRegistry GET /registries/{id} 200 401 403 404
deleteRegistry DELETE /registries/{id} 200 401 403 404 412
updateRegistry PUT /registries/{id} 200 400 401 403 404 409
getRegistryInfo GET /registries/{id}/info 200 401 403 404
[scanAll]
getLatestScanAllMetrics GET /scans/all/metrics 200 401 403 412
getLatestScheduledScanAllMetrics GET /scans/schedule/metrics 200 401 403 412
getScanAllSchedule GET /system/scanAll/schedule 200 401 403 412
updateScanAllSchedule PUT /system/scanAll/schedule 200 400 401 403 412
createScanAllSchedule POST /system/scanAll/schedule 201 400 401 403 409 412
stopScanAll POST /system/scanAll/stop 202 400 401 403
[systeminfo]
getSystemInfo GET /systeminfo 200
getVolumes GET /systeminfo/volumes 200 401 403 404
getCert GET /systeminfo/getcert 200 404
[oidc]
pingOIDC POST /system/oidc/ping 200 400 401 403
[gc]
getGCHistory GET /system/gc 200 401 403
getGC GET /system/gc/{gc_id} 200 401 403 404
stopGC PUT /system/gc/{gc_id} 200 401 403 404
getGCLog GET /system/gc/{gc_id}/log 200 400 401 403 404
getGCSchedule GET /system/gc/schedule 200 401 403
createGCSchedule POST /system/gc/schedule 201 400 401 403 409
updateGCSchedule PUT /system/gc/schedule 200 400 401 403
[purge]
getPurgeHistory GET /system/purgeaudit 200 401 403
getPurgeJob GET /system/purgeaudit/{purge_id} 200 401 403 404
stopPurge PUT /system/purgeaudit/{purge_id} 200 401 403 404
getPurgeJobLog GET /system/purgeaudit/{purge_id}/log 200 400 401 403 404
getPurgeSchedule GET /system/purgeaudit/schedule 200 401 403
createPurgeSchedule POST /system/purgeaudit/schedule 201 400 401 403
updatePurgeSchedule PUT /system/purgeaudit/schedule 200 400 401 403
[SystemCVEAllowlist]
getSystemCVEAllowlist GET /system/CVEAllowlist 200 401
putSystemCVEAllowlist PUT /system/CVEAllowlist 200 401 403
[jobservice]
getWorkerPools GET /jobservice/pools 200 401 403
getWorkers GET /jobservice/pools/{pool_id}/workers 200 401 403 404
stopRunningJob PUT /jobservice/jobs/{job_id} 200 401 403 404
actionGetJobLog GET /jobservice/jobs/{job_id}/log 200 401 403 404
listJobQueues GET /jobservice/queues 200 401 403 404
actionPendingJobs PUT /jobservice/queues/{job_type} 200 401 403 404 422
[schedule]
listSchedules GET /schedules 200 400 401 403 404
getSchedulePaused GET /schedules/{job_type}/paused 200 400 401 403 404
[ping]
getPing GET /ping 200
[Retention]
getRentenitionMetadata GET /retentions/metadatas 200 401
createRetention POST /retentions 201 400 401 403
getRetention GET /retentions/{id} 200 401 403
updateRetention PUT /retentions/{id} 200 401 403
deleteRetention DELETE /retentions/{id} 200 401 403
triggerRetentionExecution POST /retentions/{id}/executions 200 201 401 403
listRetentionExecutions GET /retentions/{id}/executions 200 401 403
operateRetentionExecution PATCH /retentions/{id}/executions/{eid} 200 401 403
listRetentionTasks GET /retentions/{id}/executions/{eid}/tasks 200 401 403
getRetentionTaskLog GET /retentions/{id}/executions/{eid}/tasks/{tid} 200 401 403
[scanner]
listScanners GET /scanners 200 400 401 403
createScanner POST /scanners 201 400 401 403
pingScanner POST /scanners/ping 200 400 401 403
getScanner GET /scanners/{registration_id} 200 401 403 404
updateScanner PUT /scanners/{registration_id} 200 401 403 404
deleteScanner DELETE /scanners/{registration_id} 200 401 403 404
setScannerAsDefault PATCH /scanners/{registration_id} 200 401 403
getScannerMetadata GET /scanners/{registration_id}/metadata 200 401 403
[user]
listUsers GET /users 200 401 403
createUser POST /users 201 400 401 403 409
getCurrentUserInfo GET /users/current 200 401 412
searchUsers GET /users/search 200 401
getUser GET /users/{user_id} 200 401 403 404
updateUserProfile PUT /users/{user_id} 200 400 401 403 404
deleteUser DELETE /users/{user_id} 200 401 403 404
setUserSysAdmin PUT /users/{user_id}/sysadmin 200 401 403 404
updateUserPassword PUT /users/{user_id}/password 200 400 401 403
getCurrentUserPermissions GET /users/current/permissions 200 401
setCliSecret PUT /users/{user_id}/cli_secret 200 400 401 403 404 412
[label]
ListLabels GET /labels 200 400 401
CreateLabel POST /labels 201 400 401 409 415
GetLabelByID GET /labels/{label_id} 200 401 404
UpdateLabel PUT /labels/{label_id} 200 400 401 404 409
DeleteLabel DELETE /labels/{label_id} 200 400 401 404
[scan data export]
exportScanData POST /export/cve 200 400 401 403 404 405 409
getScanDataExportExecution GET /export/cve/execution/{execution_id} 200 401 403 404
getScanDataExportExecutionList GET /export/cve/executions 200 401 403 404
downloadScanData GET /export/cve/download/{execution_id} 200 401 403 404
[securityhub]
getSecuritySummary GET /security/summary 200 401 403 404
ListVulnerabilities GET /security/vul 200 400 401
[permissions]
getPermissions GET /permissions 200 401 403 404
`

/** Every operation of Harbor's REST interface, as of 2026. One that is not here is an extension of ours. */
export const HARBOR_OPERATIONS: readonly HarborOperation[] = parse(TABLE)

function parse(table: string): HarborOperation[] {
  const operations: HarborOperation[] = []
  let tag = ''
  for (const line of table.trim().split('\n')) {
    if (line.startsWith('[')) {
      tag = line.slice(1, -1)
      continue
    }
    const [id = '', method = '', path = '', ...statuses] = line.split(' ')
    operations.push({ id, tag, method, path, statuses: statuses.map(Number) })
  }
  return operations
}
