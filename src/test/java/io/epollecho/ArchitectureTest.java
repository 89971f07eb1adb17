package io.epollecho;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;

import io.epollecho.server.SelectorBackend;
import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Tests for the permitted dependencies between packages. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("io.epollecho");

    /** Every package of the project belongs to one of these layers. */
    @Test
    void layersDependOnlyOnPermittedLayers() {
        layersOfTheProject()
                .whereLayer("application")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("spring")
                .mayOnlyBeAccessedByLayers("application")
                .whereLayer("probe")
                .mayOnlyBeAccessedByLayers("application")
                .whereLayer("server")
                .mayOnlyBeAccessedByLayers("spring", "application")
                .whereLayer("stream")
                .mayOnlyBeAccessedByLayers("server", "probe", "spring")
                .whereLayer("loop")
                .mayOnlyBeAccessedByLayers("server")
                .whereLayer("epoll")
                .mayOnlyBeAccessedByLayers("server")
                .check(CLASSES);
    }

    private static LayeredArchitecture layersOfTheProject() {
        return layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("application")
                .definedBy("io.epollecho")
                .layer("spring")
                .definedBy("io.epollecho.spring..")
                .layer("probe")
                .definedBy("io.epollecho.probe..")
                .layer("server")
                .definedBy("io.epollecho.server..")
                .layer("stream")
                .definedBy("io.epollecho.stream..")
                .layer("loop")
                .definedBy("io.epollecho.loop..")
                .layer("epoll")
                .definedBy("io.epollecho.epoll..")
                .ensureAllClassesAreContainedInArchitecture();
    }

    /** Spring code binds property values and never handles streams itself. */
    @Test
    void springPackagesUseOnlyAddressRangeOfTheStreamPackage() {
        noClasses()
                .that()
                .resideInAPackage("io.epollecho.spring..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("io.epollecho.stream..")
                                .and(not(equivalentTo(AddressRange.class))))
                .check(CLASSES);
    }

    @Test
    void onlyTheApplicationAndItsSpringPackagesDependOnSpring() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.epollecho", "io.epollecho.spring..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.springframework..")
                .check(CLASSES);
    }

    /** One class decides whether to use epoll; all others run on any selector provider. */
    @Test
    void onlyTheSelectorBackendDependsOnEpoll() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.epollecho.epoll..")
                .and()
                .areNotAssignableTo(SelectorBackend.class)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.epollecho.epoll..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoDependencyCycles() {
        slices().matching("io.epollecho.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(CLASSES)
                .extracting(type -> type.getPackage())
                .isNotEmpty()
                .allSatisfy(ArchitectureTest::isNullMarked);
    }

    private static void isNullMarked(JavaPackage javaPackage) {
        assertThat(javaPackage.isAnnotatedWith(NullMarked.class))
                .as("%s has a package-info with @NullMarked", javaPackage.getName())
                .isTrue();
    }
}
