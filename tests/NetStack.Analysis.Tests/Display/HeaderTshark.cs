using System.Diagnostics;

namespace NetStack.Analysis.Tests;

/// <summary>The reference, where it is installed: reassembly off, names off, every protocol off that stands above what we decode.</summary>
internal static class HeaderTshark
{
    private const string Missing = "tshark is not installed";

    private static readonly HashSet<string> Enabled = new(StringComparer.Ordinal)
    {
        "frame", "eth", "eth_maybefcs", "eth_withoutfcs", "ethertype", "vlan", "ieee8021ad", "arp", "ip", "ipv6", "tcp", "udp", "icmp", "icmpv6", "igmp", "gre", "vxlan", "geneve",
        "mpls", "pppoe", "pppoed", "pppoes", "ppp", "ppp_hdlc", "sll", "null", "ah", "llc", "raw", "data", "file", "pkt_comment",
    };

    private static readonly Lazy<string?> Settings = new(MakeSettings);

    private static readonly Lazy<string> Merged = new(Merge);

    /// <summary>A capture that holds all sample captures, one after the other: a start of tshark costs more than its reading.</summary>
    internal static string AllSamples
    {
        get
        {
            Assert.SkipWhen(Settings.Value is null, Missing);
            return Merged.Value;
        }
    }

    /// <summary>Its lines of output.</summary>
    internal static string[] Run(string file, params ReadOnlySpan<string> arguments)
    {
        Assert.SkipWhen(Settings.Value is null, Missing);
        string folder = Settings.Value!;
        string[] common =
        [
            "-r", file, "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.check_checksum:TRUE",
        ];
        (int code, string output, string errors) = Start(["tshark", .. common, .. arguments], folder);
        Assert.True(code == 0, errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static (int Code, string Output, string Errors) Start(string[] command, string folder)
    {
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_CONFIG_HOME"] = folder;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static string Merge()
    {
        string path = Path.Combine(Settings.Value!, "all.pcapng");
        string[] samples = [.. Directory.EnumerateFiles(RepositoryRoot.PathOf("samples", "captures"), "*.pcapng").Order(StringComparer.Ordinal)];
        (int code, _, string errors) = Start(["mergecap", "-a", "-w", path, .. samples], Settings.Value!);
        Assert.True(code == 0, errors);
        return path;
    }

    private static string? MakeSettings()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"netstack-tshark-{Environment.ProcessId}");
        Directory.CreateDirectory(Path.Combine(folder, "wireshark"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        try
        {
            string protocols = Start(["tshark", "-G", "protocols"], folder).Output;
            IEnumerable<string> names = protocols.Split('\n').Select(l => l.Split('\t')).Where(c => c.Length > 2).Select(c => c[2]);
            File.WriteAllLines(Path.Combine(folder, "wireshark", "disabled_protos"), names.Where(n => !Enabled.Contains(n) && !n.StartsWith("ipv6.", StringComparison.Ordinal) && !n.StartsWith('_')));
            return folder;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
