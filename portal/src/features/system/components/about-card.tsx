import { Descriptions } from 'antd'
import { useTranslation } from 'react-i18next'
import { QueryCard } from '../../../components/query-card.tsx'
import { version } from '../../../config/version.ts'
import { useGeneralInfo } from '../api/general-info.ts'

/** Which Portolan this is, and how one signs in. */
export function AboutCard() {
  const { t } = useTranslation('system')
  const query = useGeneralInfo()

  return (
    <QueryCard title={t('about')} query={query} texts={{ failed: t('unavailable'), retry: t('retry') }}>
      {(info) => (
        <Descriptions
          bordered
          column={1}
          size="small"
          items={[
            { key: 'version', label: t('version'), children: version },
            {
              key: 'sign-in',
              label: t('signIn'),
              children:
                info.auth_mode === 'db_auth'
                  ? t('authMode.local')
                  : t('authMode.other', { mode: info.auth_mode }),
            },
          ]}
        />
      )}
    </QueryCard>
  )
}
