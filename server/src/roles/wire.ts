import type * as Wire from '@portolan/api/roles'
import type { Binding } from './bindings/store.ts'
import { isBuiltIn, type Role, type Words } from './model.ts'
import type { RoleChange } from './service.ts'

export function toWire(role: Role): Wire.Role {
  return {
    id: role.id,
    name: role.name,
    description: role.description,
    level: role.level,
    built_in: isBuiltIn(role),
    permissions: { system: role.allows.system.map(toWord), project: role.allows.project.map(toWord) },
    creation_time: role.creationTime.toISOString(),
    update_time: role.updateTime.toISOString(),
  }
}

export function bindingToWire({ id, roleId, holder, creationTime }: Binding): Wire.RoleBinding {
  return {
    id,
    role_id: roleId,
    entity_type: holder.type,
    entity_id: holder.id,
    entity_name: holder.name,
    creation_time: creationTime.toISOString(),
  }
}

/** The permissions of a new role. */
export function wordsOf({ permissions }: Wire.RoleReq): Words {
  return { system: words(permissions?.system) ?? [], project: words(permissions?.project) ?? [] }
}

export function changeOf({ name, description, permissions }: Wire.RoleReq): RoleChange {
  return { name, description, system: words(permissions?.system), project: words(permissions?.project) }
}

function words(list: { resource: string; action: string }[] | undefined): string[] | undefined {
  return list?.map(({ resource, action }) => `${resource}:${action}`)
}

function toWord(permission: string): { resource: string; action: string } {
  const [resource = '', action = ''] = permission.split(':')
  return { resource, action }
}
