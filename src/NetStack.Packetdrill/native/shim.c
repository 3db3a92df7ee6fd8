// Starts the .NET runtime inside packetdrill and lets NetStack.Packetdrill.dll, which lies beside this library, fill the table
// of functions. Built by `./ci.sh packetdrill-lib`.
//
// packetdrill asks for TCP_INFO in its %{ }% blocks by libc's getsockopt, past this library's table. Preloaded (LD_PRELOAD), this
// library answers for its own descriptors.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <coreclr_delegates.h>
#include <hostfxr.h>
#include <nethost.h>

enum { TABLE_GETSOCKOPT = 21 }; // its place in the table of functions

static void **s_table;

typedef void (*initialise_fn)(const char *flags, void *table);

static void fail(const char *what, int code)
{
	fprintf(stderr, "libnetstack_packetdrill: %s (0x%08x)\n", what, (unsigned)code);
	exit(EXIT_FAILURE);
}

__attribute__((visibility("default")))
void packetdrill_interface_init(const char *flags, void *table)
{
	Dl_info self;
	if (!dladdr((void *)packetdrill_interface_init, &self)) fail("dladdr failed", 0);
	char folder[4096], config[4352], assembly[4352], host[4096];
	snprintf(folder, sizeof folder, "%s", self.dli_fname);
	char *slash = strrchr(folder, '/');
	if (slash) *slash = 0; else strcpy(folder, ".");
	snprintf(config, sizeof config, "%s/NetStack.Packetdrill.runtimeconfig.json", folder);
	snprintf(assembly, sizeof assembly, "%s/NetStack.Packetdrill.dll", folder);

	size_t size = sizeof host;
	int rc = get_hostfxr_path(host, &size, NULL);
	if (rc) fail("the .NET runtime was not found: set DOTNET_ROOT", rc);
	void *library = dlopen(host, RTLD_NOW | RTLD_LOCAL);
	if (!library) fail(dlerror(), 0);
	hostfxr_initialize_for_runtime_config_fn initialize = (hostfxr_initialize_for_runtime_config_fn)dlsym(library, "hostfxr_initialize_for_runtime_config");
	hostfxr_get_runtime_delegate_fn get_delegate = (hostfxr_get_runtime_delegate_fn)dlsym(library, "hostfxr_get_runtime_delegate");
	hostfxr_close_fn close_host = (hostfxr_close_fn)dlsym(library, "hostfxr_close");
	if (!initialize || !get_delegate || !close_host) fail("hostfxr lacks a function", 0);

	hostfxr_handle context = NULL;
	rc = initialize(config, NULL, &context);
	if (rc < 0 || !context) fail("hostfxr_initialize_for_runtime_config failed", rc);
	load_assembly_and_get_function_pointer_fn load = NULL;
	rc = get_delegate(context, hdt_load_assembly_and_get_function_pointer, (void **)&load);
	if (rc || !load) fail("hostfxr_get_runtime_delegate failed", rc);
	close_host(context);

	initialise_fn initialise = NULL;
	rc = load(assembly, "NetStack.Packetdrill.EntryPoints, NetStack.Packetdrill", "Initialise", UNMANAGEDCALLERSONLY_METHOD, NULL, (void **)&initialise);
	if (rc || !initialise) fail("NetStack.Packetdrill.dll could not be loaded", rc);
	initialise(flags, table);
	s_table = table;
}

__attribute__((visibility("default")))
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
	typedef int (*getsockopt_fn)(void *user, int fd, int level, int name, void *value, socklen_t *length);
	if (s_table)
	{
		int result = ((getsockopt_fn)s_table[TABLE_GETSOCKOPT])(s_table[0], fd, level, name, value, length);
		if (result == 0 || errno != EBADF) return result;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, length);
}
