# The binding's sources, relative to this folder.
set(TG_BINDING_SOURCES tg_binding.c)
