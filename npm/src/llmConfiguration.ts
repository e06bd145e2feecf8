// LLM configurations on the wire: where an LLM of your own is. Names are the wire's.

/** An LLM configuration that is to be made. There is nothing else to set: no temperature, header, tool or timeout. */
export interface LlmConfigurationRequest {
  /** 1 to 255 characters. */
  display_name: string;
  /** Sent as `model`, as it is; 1 to 255 characters. */
  model_name: string;
  /** The secret whose value is sent as Bearer token. */
  secret_id: string;
  /** What `/chat/completions` is appended to, as given; default: OpenAI's own. */
  base_url?: string | null;
}

/** Changes of an LLM configuration: what is left out stays. */
export interface LlmConfigurationUpdate {
  display_name?: string;
  model_name?: string;
  secret_id?: string;
  base_url?: string;
}

/** An LLM configuration in the list of all, which does not tell where it leads. */
export interface ListedLlmConfiguration {
  id: string;
  display_name: string;
  model_name: string;
  secret_id: string;
}

/** An LLM configuration. */
export interface LlmConfiguration extends ListedLlmConfiguration {
  /** `null` is OpenAI's own. */
  base_url: string | null;
  created_at: string;
  updated_at: string;
}
