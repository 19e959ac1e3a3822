import { Segmented } from 'antd'
import { useTranslation } from 'react-i18next'
import { chooseLanguage, LANGUAGES, type Language } from '../lib/i18n.ts'

export function LanguageSwitch() {
  const { t, i18n } = useTranslation('shell')

  return (
    <Segmented<Language>
      aria-label={t('language')}
      value={i18n.language as Language}
      options={Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as Language, label }))}
      onChange={(language) => void chooseLanguage(i18n, language)}
    />
  )
}
