/** The files of a Hugging Face model folder that are read or worth keeping; none of them runs code when it is opened. */
const MODEL_FILES =
  /^(?:(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template|model\.safetensors\.index)\.json|merges\.txt|chat_template\.jinja|[A-Za-z0-9_][A-Za-z0-9_.-]{0,115}\.safetensors)$/;

/** Whether a file of this name belongs into a model artifact. */
export function isModelFile(name: string): boolean {
  return MODEL_FILES.test(name);
}
