using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace NetStack.Architecture;

/// <summary>What an assembly refers to, read from its metadata: what is not referred to cannot be called.</summary>
public sealed class Purity
{
    /// <summary>Assemblies that ask nothing of the world: no clock, thread, task, random source, socket, file or environment.</summary>
    public static TheoryData<string> PureAssemblies => ["NetStack", "NetStack.Wire"];

    /// <summary>Assemblies that consume frames and so must not take the device's side of the memory.</summary>
    public static TheoryData<string> Consumers => ["NetStack", "NetStack.Wire", "NetStack.Nic", "NetStack.Multiplexer", "NetStack.Analysis"];

    [Theory, MemberData(nameof(PureAssemblies))]
    public void A_pure_assembly_refers_to_nothing_of_the_world(string assembly)
    {
        string[] forbidden =
        [
            "System.Threading.", "System.IO.", "System.Net.Sockets.Socket", "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.Random",
            "System.Security.Cryptography.", "System.DateTime", "System.TimeProvider", "System.Environment", "System.Console",
        ];
        Assert.DoesNotContain(ReferredTypes(assembly), t => forbidden.Any(f => f.EndsWith('.') ? t.StartsWith(f, StringComparison.Ordinal) : t == f));
    }

    [Theory, MemberData(nameof(Consumers))]
    public void A_consumer_of_frames_never_names_the_devices_side(string assembly)
    {
        Assert.DoesNotContain("NetStack.Memory.DeviceMemory", ReferredTypes(assembly));
    }

    [Fact]
    public void The_reader_of_metadata_sees_references()
    {
        Assert.Contains("NetStack.Memory.DeviceMemory", ReferredTypes("NetStack.Nic.Virtual"));
        Assert.Contains("System.IO.Stream", ReferredTypes("NetStack.Nic.Pcap"));
    }

    private static List<string> ReferredTypes(string assembly)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        using PEReader image = new(file);
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.TypeReferences.Select(h => metadata.GetTypeReference(h))
            .Select(t => $"{metadata.GetString(t.Namespace)}.{metadata.GetString(t.Name)}")];
    }
}
