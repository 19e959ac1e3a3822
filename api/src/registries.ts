import Type from 'typebox'
import { ListQuery } from './paging.ts'

export const RegistryQuery = Type.Object(ListQuery)

/** Registries that replication and proxy caches would speak to: none can be added yet. */
export const RegistryList = Type.Array(Type.Object({ id: Type.Integer(), name: Type.String() }))
