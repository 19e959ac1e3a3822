import Type, { type Static, type TSchema } from 'typebox'

const Text = Type.String({ maxLength: 65_536 })
const Flag = Type.Boolean()
const Whole = Type.Integer()

/** Every setting with the type of its value; rules for values are the server's. The last three are ours. */
const VALUES = {
  audit_log_forward_endpoint: Text,
  auth_mode: Text,
  banner_message: Text,
  disabled_audit_log_event_types: Text,
  http_authproxy_admin_groups: Text,
  http_authproxy_admin_usernames: Text,
  http_authproxy_endpoint: Text,
  http_authproxy_server_certificate: Text,
  http_authproxy_skip_search: Flag,
  http_authproxy_tokenreview_endpoint: Text,
  http_authproxy_verify_cert: Flag,
  ldap_base_dn: Text,
  ldap_filter: Text,
  ldap_group_admin_dn: Text,
  ldap_group_attach_parallel: Flag,
  ldap_group_attribute_name: Text,
  ldap_group_base_dn: Text,
  ldap_group_membership_attribute: Text,
  ldap_group_search_filter: Text,
  ldap_group_search_scope: Whole,
  ldap_scope: Whole,
  ldap_search_dn: Text,
  ldap_search_password: Text,
  ldap_timeout: Whole,
  ldap_uid: Text,
  ldap_url: Text,
  ldap_verify_cert: Flag,
  notification_enable: Flag,
  oidc_admin_group: Text,
  oidc_auto_onboard: Flag,
  oidc_client_id: Text,
  oidc_client_secret: Text,
  oidc_endpoint: Text,
  oidc_extra_redirect_parms: Text,
  oidc_group_filter: Text,
  oidc_groups_claim: Text,
  oidc_logout: Flag,
  oidc_name: Text,
  oidc_scope: Text,
  oidc_user_claim: Text,
  oidc_verify_cert: Flag,
  primary_auth_mode: Flag,
  project_creation_restriction: Text,
  quota_per_project_enable: Flag,
  read_only: Flag,
  robot_name_prefix: Text,
  robot_token_duration: Whole,
  scanner_skip_update_pulltime: Flag,
  self_registration: Flag,
  session_timeout: Whole,
  skip_audit_log_database: Flag,
  storage_per_project: Whole,
  token_expiration: Whole,
  uaa_client_id: Text,
  uaa_client_secret: Text,
  uaa_endpoint: Text,
  uaa_verify_cert: Flag,
  pull_time_update_disable: Flag,
  pull_count_update_disable: Flag,
  pull_audit_log_disable: Flag,
}

type Values = typeof VALUES
type NullableValues = { [Name in keyof Values]: ReturnType<typeof nullable<Values[Name]>> }
type Items = { [Name in keyof Values]: ReturnType<typeof itemOf<Values[Name]>> }

/** What a change may name; everything else in it counts for nothing, and so does null. */
export const Configurations = Type.Partial(Type.Object(mapValues(nullable) as NullableValues))
export type Configurations = Static<typeof Configurations>

/** Secrets are taken and never shown; of `uaa_client_secret` clients expect the field, and it is empty. */
export const ConfigurationsResponse = Type.Object({
  ...(withoutSecrets(mapValues(itemOf)) as Omit<Items, Secret>),
  scan_all_policy: Type.Object({}),
})
export type ConfigurationsResponse = Static<typeof ConfigurationsResponse>

type Secret = 'ldap_search_password' | 'oidc_client_secret'

function withoutSecrets({ ldap_search_password, oidc_client_secret, ...shown }: Record<string, TSchema>) {
  return shown
}

function nullable<Value extends TSchema>(value: Value) {
  return Type.Union([value, Type.Null()])
}

function itemOf<Value extends TSchema>(value: Value) {
  return Type.Object({ value, editable: Type.Boolean() })
}

function mapValues(change: (value: TSchema) => TSchema): Record<string, TSchema> {
  return Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, change(value)]))
}
