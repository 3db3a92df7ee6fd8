using System.Runtime.InteropServices;
using System.Text;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>libpcap's filter compiler, where the library is installed. Nothing else of it is used, and none of its programs runs
/// before it was verified.</summary>
/// <remarks>Thread-safe as pcap_compile(3PCAP) is, from libpcap 1.8 (2016) on.</remarks>
internal sealed unsafe class Libpcap
{
    private const int SnapshotLength = (int)Bpf.Accept;
    private const uint NoNetmask = 0; // as tcpdump -r has it: "ip broadcast" is then 0.0.0.0 and 255.255.255.255

    private static readonly string[] Names = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.A.dylib", "libpcap.dylib", "wpcap.dll"];

    private readonly delegate* unmanaged[Cdecl]<int, int, void*> _openDead;
    private readonly delegate* unmanaged[Cdecl]<void*, Program*, byte*, int, uint, int> _compile;
    private readonly delegate* unmanaged[Cdecl]<void*, byte*> _error;
    private readonly delegate* unmanaged[Cdecl]<Program*, void> _freeProgram;
    private readonly delegate* unmanaged[Cdecl]<void*, void> _close;

    private Libpcap(nint library, string version)
    {
        _openDead = (delegate* unmanaged[Cdecl]<int, int, void*>)NativeLibrary.GetExport(library, "pcap_open_dead");
        _compile = (delegate* unmanaged[Cdecl]<void*, Program*, byte*, int, uint, int>)NativeLibrary.GetExport(library, "pcap_compile");
        _error = (delegate* unmanaged[Cdecl]<void*, byte*>)NativeLibrary.GetExport(library, "pcap_geterr");
        _freeProgram = (delegate* unmanaged[Cdecl]<Program*, void>)NativeLibrary.GetExport(library, "pcap_freecode");
        _close = (delegate* unmanaged[Cdecl]<void*, void>)NativeLibrary.GetExport(library, "pcap_close");
        Version = version;
    }

    /// <summary>The library; null where it is not installed.</summary>
    internal static Libpcap? Installed { get; } = Load();

    /// <summary>What it says it is.</summary>
    internal string Version { get; }

    /// <summary>Compiles an expression.</summary>
    /// <param name="expression">The expression, ASCII.</param>
    /// <param name="linkType">How a packet begins.</param>
    /// <param name="problem">What libpcap has against it; empty where nothing.</param>
    /// <returns>The program, not verified; null where there is none.</returns>
    internal BpfInstruction[]? Compile(string expression, LinkType linkType, out string problem)
    {
        problem = "libpcap has no memory";
        void* handle = _openDead(NumberOf(linkType), SnapshotLength);
        if (handle == null) return null;
        try
        {
            Program program = default;
            int result;
            fixed (byte* text = Encoding.ASCII.GetBytes(expression + '\0')) result = _compile(handle, &program, text, 1, NoNetmask);
            if (result != 0)
            {
                problem = Marshal.PtrToStringUTF8((nint)_error(handle)) ?? "libpcap does not say what is wrong";
                return null;
            }
            problem = "";
            BpfInstruction[] copy = Copy(program);
            _freeProgram(&program);
            return copy;
        }
        finally
        {
            _close(handle);
        }
    }

    private static BpfInstruction[] Copy(in Program program)
    {
        BpfInstruction[] copy = new BpfInstruction[program.Length];
        for (int i = 0; i < copy.Length; i++)
        {
            Instruction from = program.Instructions[i];
            copy[i] = new BpfInstruction(from.Code, from.True, from.False, from.K);
        }
        return copy;
    }

    private static Libpcap? Load()
    {
        foreach (string name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library) || !NativeLibrary.TryGetExport(library, "pcap_lib_version", out nint version)) continue;
            byte* text = ((delegate* unmanaged[Cdecl]<byte*>)version)();
            return new Libpcap(library, Marshal.PtrToStringUTF8((nint)text) ?? name);
        }
        return null;
    }

    /// <summary>The DLT_ number of a LINKTYPE_ number, where they differ (pcap-common.c).</summary>
    private static int NumberOf(LinkType linkType) => (int)linkType switch
    {
        100 => 11, // ATM, RFC 1483
        101 => 12, // raw IP
        102 => 15, // SLIP of BSD/OS
        103 => 16, // PPP of BSD/OS
        int same => same,
    };

    /// <summary>struct bpf_program.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        internal uint Length;
        internal Instruction* Instructions;
    }

    /// <summary>struct bpf_insn.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction
    {
        internal ushort Code;
        internal byte True;
        internal byte False;
        internal uint K;
    }
}
