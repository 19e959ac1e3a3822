import type { Permission } from '../../access/permissions.ts'

/** Who is let in as far as the answer that it is not built yet. */
export type PendingPermission =
  | 'anonymous'
  | 'authenticated'
  | { system: Permission }
  /** Some operations let nobody in without credentials, though the project is public. */
  | { project: Permission; signedIn?: true }
  /** Of the project of an object that there are none of: as for missing projects, only who may anywhere hears it. */
  | { everyProject: Permission }

/**
 * The operations of Harbor's that are not built yet, by their ids (`api/src/operations.ts`). Who builds one
 * takes its row out: an operation that stands here and has a route as well stops the start.
 */
export const PENDING_OPERATIONS: Readonly<Record<string, PendingPermission>> = {
  // Ldap
  pingLdap: { system: 'configuration:read' },
  searchLdapUser: { system: 'ldap-user:list' },
  importLdapUser: { system: 'ldap-user:create' },
  searchLdapGroup: { system: 'ldap-user:list' },
  // artifact
  // scan
  scanArtifact: { project: 'scan:create' },
  stopScanArtifact: { project: 'scan:stop' },
  getReportLog: { project: 'scan:read' },
  // project
  getScannerOfProject: { project: 'scanner:read', signedIn: true },
  setScannerOfProject: { project: 'scanner:create', signedIn: true },
  listScannerCandidatesOfProject: { project: 'scanner:create', signedIn: true },
  // preheat
  ListProviders: { system: 'preheat-instance:list' },
  PingInstances: { system: 'preheat-instance:read' },
  ListInstances: { system: 'preheat-instance:list' },
  CreateInstance: { system: 'preheat-instance:create' },
  GetInstance: { system: 'preheat-instance:read' },
  DeleteInstance: { system: 'preheat-instance:delete' },
  UpdateInstance: { system: 'preheat-instance:update' },
  CreatePolicy: { project: 'preheat-policy:create' },
  ListPolicies: { project: 'preheat-policy:list' },
  GetPolicy: { project: 'preheat-policy:read' },
  UpdatePolicy: { project: 'preheat-policy:update' },
  ManualPreheat: { project: 'preheat-policy:read' },
  DeletePolicy: { project: 'preheat-policy:delete' },
  ListExecutions: { project: 'preheat-policy:list' },
  GetExecution: { project: 'preheat-policy:read' },
  StopExecution: { project: 'preheat-policy:update' },
  ListTasks: { project: 'preheat-policy:list' },
  GetPreheatLog: { project: 'preheat-policy:read' },
  ListProvidersUnderProject: { project: 'preheat-policy:list' },
  // icon
  // replication
  listReplicationPolicies: { system: 'replication-policy:list' },
  createReplicationPolicy: { system: 'replication-policy:create' },
  getReplicationPolicy: { system: 'replication-policy:read' },
  deleteReplicationPolicy: { system: 'replication-policy:delete' },
  updateReplicationPolicy: { system: 'replication-policy:update' },
  listReplicationExecutions: { system: 'replication:list' },
  startReplication: { system: 'replication:create' },
  getReplicationExecution: { system: 'replication:read' },
  stopReplication: { system: 'replication:create' },
  listReplicationTasks: { system: 'replication:list' },
  getReplicationLog: { system: 'replication:read' },
  // registry
  listRegistryProviderTypes: { system: 'replication-adapter:list' },
  listRegistryProviderInfos: { system: 'replication-adapter:list' },
  createRegistry: { system: 'registry:create' },
  pingRegistry: { system: 'registry:read' },
  getRegistry: { system: 'registry:read' },
  deleteRegistry: { system: 'registry:delete' },
  updateRegistry: { system: 'registry:update' },
  getRegistryInfo: { system: 'registry:read' },
  // scanAll
  getLatestScanAllMetrics: { system: 'scan-all:read' },
  getLatestScheduledScanAllMetrics: { system: 'scan-all:read' },
  getScanAllSchedule: { system: 'scan-all:read' },
  updateScanAllSchedule: { system: 'scan-all:update' },
  createScanAllSchedule: { system: 'scan-all:create' },
  stopScanAll: { system: 'scan-all:stop' },
  // scanner
  listScanners: { system: 'scanner:list' },
  createScanner: { system: 'scanner:create' },
  pingScanner: { system: 'scanner:read' },
  getScanner: { system: 'scanner:read' },
  updateScanner: { system: 'scanner:update' },
  deleteScanner: { system: 'scanner:delete' },
  setScannerAsDefault: { system: 'scanner:update' },
  getScannerMetadata: { system: 'scanner:read' },
  // scan data export
  exportScanData: 'authenticated',
  getScanDataExportExecution: 'authenticated',
  getScanDataExportExecutionList: 'authenticated',
  downloadScanData: 'authenticated',
  // securityhub
  getSecuritySummary: { system: 'security-hub:read' },
  ListVulnerabilities: { system: 'security-hub:list' },
}
